"""The Stanford Natural Language Inference corpus (Bowman et al. 2015): snli_1.0.zip or the folder in it."""

import json
from collections.abc import Iterator
from pathlib import Path

from store.dataset import Dataset
from store.errors import Refused
from store.protocol import Split
from trainer.data import hub
from trainer.data.archive import Member, opened
from trainer.data.examples import Row, gather
from trainer.data.options import Request

CLASS_NAMES = ("contradiction", "entailment", "neutral")
NO_GOLD_LABEL = "-"
HUB = hub.Repository(
    "stanfordnlp/snli",
    splits={"train": "train", "validation": "validation", "test": "test"},
    text_columns=("premise", "hypothesis"),
)
_SPLITS: dict[str, Split] = {"train": "train", "dev": "validation", "test": "test"}


def load(request: Request) -> Dataset:
    """The pairs that have a gold label, in the official splits and order; a text is premise, blank, hypothesis."""
    rows = hub.rows(HUB, request) if request.path is None else _rows(request.path)
    splits = gather(rows, "single_label", CLASS_NAMES).splits
    for official, split in _SPLITS.items():
        if split not in splits:
            raise Refused(f"'{request.path}' has no pairs in snli_1.0_{official}.jsonl; give SNLI 1.0 as distributed.")
    return Dataset(request.name, "single_label", CLASS_NAMES, splits)


def _rows(path: Path) -> Iterator[Row]:
    with opened(path, r"snli_1\.0_(train|dev|test)\.jsonl") as members:
        for member in members:
            yield from _pairs(member, _SPLITS[member.match[1]])


def _pairs(member: Member, split: Split) -> Iterator[Row]:
    """The pairs of one file, line by line: the full training set is never in memory as it is distributed."""
    seen: set[str] = set()
    for number, line in enumerate(member.stream, start=1):
        try:
            pair = json.loads(line)
            row = Row(split, f"{pair['sentence1']} {pair['sentence2']}", [pair["gold_label"]], member.name, number)
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(
                f"'{member.name}', row {number}: not a JSON object with sentence1, sentence2 and gold_label ({error!r})."
            ) from error
        pair_id = pair.get("pairID")
        if pair_id in seen:
            raise row.fault(f"pairID '{pair_id}' is there already; each pair has its own")
        if pair_id is not None:
            seen.add(pair_id)
        if row.labels[0] != NO_GOLD_LABEL:
            yield row
