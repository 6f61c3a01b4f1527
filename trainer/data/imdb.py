"""The Large Movie Review Dataset (Maas et al. 2011) as distributed: aclImdb_v1.tar.gz or the folder in it."""

from collections.abc import Iterator
from pathlib import Path

from store.dataset import Dataset
from store.errors import Refused
from trainer.data import hub
from trainer.data.archive import decoded, opened
from trainer.data.examples import Row, gather
from trainer.data.options import Request
from trainer.data.splitting import counts, cut

CLASS_NAMES = ("neg", "pos")
HUB = hub.Repository("stanfordnlp/imdb", splits={"train": "train", "test": "test"})
NUM_TRAIN, NUM_VALIDATION = 25_000, 5_000


def load(request: Request) -> Dataset:
    """The reviews, sorted by their path; the unlabelled ones (train/unsup) are left out.

    5,000 of the 25,000 training reviews become the validation set, drawn stratified; the same share where some are
    missing, which `say` is told.
    """
    rows = hub.rows(HUB, request) if request.path is None else _rows(request.path)
    splits = gather(rows, "single_label", CLASS_NAMES).splits
    for split in ("train", "test"):
        if split not in splits:
            raise Refused(
                f"'{request.path}' has no reviews in {split}/neg or {split}/pos; give aclImdb as distributed."
            )
    num_train, size = len(splits["train"]), request.options.validation_size
    if size is None:
        size = NUM_VALIDATION / NUM_TRAIN
        if num_train != NUM_TRAIN:
            request.say(f"The training set has {num_train:,} of {NUM_TRAIN:,} reviews: a fifth is the validation set.")
    sizes = counts({"train": None, "validation": size}, num_train)
    drawn = cut(splits["train"], sizes, "single_label", len(CLASS_NAMES), request.options.seed)
    return Dataset(request.name, "single_label", CLASS_NAMES, drawn | {"test": splits["test"]})


def _rows(path: Path) -> Iterator[Row]:
    rows: dict[str, Row] = {}
    with opened(path, r"((?:train|test)/(?:neg|pos)/\d+_\d+\.txt)") as members:
        for member in members:
            place = member.match[1]
            if place in rows:
                raise Refused(f"'{member.name}' is in '{path}' twice; a review has one place.")
            _, label, _ = place.split("/")
            rows[place] = Row(
                "train" if place.startswith("train/") else "test",
                decoded(member.stream.read(), "utf-8", member.name),
                [label],
                member.name,
            )
    return (rows[place] for place in sorted(rows))
