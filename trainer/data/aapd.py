"""The arXiv Academic Paper Dataset (Yang et al. 2018): its files text_* and label_*, in a folder or an archive."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from store.dataset import Dataset
from store.errors import NotFound, Refused
from store.protocol import Split
from trainer.data import hub
from trainer.data.archive import decoded, opened
from trainer.data.examples import Labelled, Row, gather
from trainer.data.options import Request
from trainer.data.splitting import counts, cut

NUM_CLASSES = 54
VALIDATION_SHARE = 0.2
"""Of the official validation set, what stays one when a training set is cut from it."""
_SPLITS: dict[str, Split] = {"train": "train", "val": "validation", "test": "test"}


def load(request: Request) -> Dataset:
    """The abstracts in the official splits and order; classes in the order of their sorted names.

    Where `text_train` is missing and `cut_train` is set, four fifths of the validation set become the training set,
    drawn stratified; the test set stays the official one.
    """
    rows = _from_hub(request) if request.path is None else _rows(request.path)
    labelled = gather(rows, "multi_label")
    for official, split in _SPLITS.items():
        if split not in labelled.splits and split != "train":
            raise Refused(f"'{request.path}' has no text_{official}; give AAPD's files as distributed.")
    if len(labelled.class_names) != NUM_CLASSES:
        request.say(f"AAPD has {NUM_CLASSES} classes, here are {len(labelled.class_names)}.")
    splits = labelled.splits
    if "train" not in splits:
        splits = splits | _cut_train(labelled, request)
    elif request.options.cut_train:
        request.say("The training set is there: --cut-train has no effect.")
    return Dataset(
        request.name, "multi_label", labelled.class_names, splits, train_is_cut="train" not in labelled.splits
    )


def _cut_train(labelled: Labelled, request: Request) -> dict[Split, pa.Table]:
    if not request.options.cut_train:
        raise NotFound(
            f"'{request.path}' has no text_train; get it, or cut a training set from the validation set with --cut-train "
            "(a study says that it may, too: cut_train = true)."
        )
    examples, size = labelled.splits["validation"], request.options.validation_size
    sizes = counts({"train": None, "validation": VALIDATION_SHARE if size is None else size}, len(examples))
    request.say(
        f"There is no text_train: {sizes['train']:,} of {len(examples):,} validation texts are the training set."
    )
    return cut(examples, sizes, "multi_label", len(labelled.class_names), request.options.seed)


def _rows(path: Path) -> Iterator[Row]:
    """The texts of each split, each with the labels on the same line of the split's other file."""
    lines: dict[tuple[str, str], list[str]] = {}
    names: dict[tuple[str, str], str] = {}
    with opened(path, r"(text|label)_(train|val|test)(?:\.txt)?") as members:
        for member in members:
            key = (member.match[1], member.match[2])
            if key in lines:
                raise Refused(f"'{path}' has both '{names[key]}' and '{member.name}'; give a folder with one of them.")
            names[key] = member.name
            lines[key] = decoded(member.stream.read(), "utf-8", member.name).removesuffix("\n").split("\n")
    for official, split in _SPLITS.items():
        if ("text", official) in lines:
            texts, labels = lines["text", official], lines.get(("label", official), [])
            name = names["text", official]
            if len(texts) != len(labels):
                raise Refused(
                    f"'{name}' has {len(texts):,} lines, but label_{official} has {len(labels):,}; get them anew."
                )
            for number, (text, label) in enumerate(zip(texts, labels, strict=True), start=1):
                yield Row(split, text.strip(), label.split(), name, number)


def _from_hub(request: Request) -> Iterator[Row]:
    if request.repository is None:
        raise NotFound(
            "The hub has no official copy of AAPD; give the folder of its files with --path, "
            "or a repository that you trust with --path hub:OWNER/NAME."
        )
    columns = request.options.text_columns, request.options.label_column
    return hub.rows(hub.Repository(request.repository, None, *columns), request)
