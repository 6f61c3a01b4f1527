"""Datasets of the Hugging Face hub, through the `datasets` library; it keeps what it fetched in a cache of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from store.errors import NotFound, Refused
from store.protocol import Split
from trainer.data.columns import SPLIT_NAMES, Columns, Record
from trainer.data.examples import Row, fault
from trainer.data.options import Request


@dataclass(frozen=True)
class Repository:
    """A repository of the hub, and which of its columns and splits are read."""

    name: str
    splits: Mapping[str, Split] | None = None
    """What is called what here; None: every split whose name is a known one."""
    text_columns: tuple[str, ...] = ("text",)
    label_column: str = "label"
    configuration: str | None = None
    revision: str | None = None


def rows(repository: Repository, request: Request) -> Iterator[Row]:
    """The labelled rows of a repository, as `records` gives them."""
    columns = Columns(repository.text_columns, repository.label_column)
    return (columns.row(record) for record in records(repository, request.repository))


def records(repository: Repository, other: str | None = None) -> Iterator[Record]:
    """The labelled rows of a repository, or of another one in its place, split by split, with labels by name.

    Raises NotFound when it cannot be fetched, Refused when it lacks a split.
    """
    name = other or repository.name
    loaded = _fetched(
        repository if other is None else replace(repository, name=other, configuration=None, revision=None)
    )
    splits = repository.splits or {split: SPLIT_NAMES[split] for split in loaded if split in SPLIT_NAMES}
    for theirs in splits:
        if theirs not in loaded:
            raise Refused(
                f"The hub's '{name}' has no split {theirs}, only {', '.join(loaded)}; name another repository."
            )
    for theirs, split in splits.items():
        class_names = _class_names(loaded[theirs], repository.label_column)
        for number, values in enumerate(loaded[theirs], start=1):
            label = values.get(repository.label_column)
            # The hub marks a text without a gold label by -1.
            if class_names and label == -1:
                continue
            record = Record(values, f"{name}/{theirs}", number, split)
            if class_names and label is not None:
                record = record._replace(values=values | {repository.label_column: _named(label, class_names, record)})
            yield record


def _named(label: int | list[int], class_names: list[str], record: Record) -> str | list[str]:
    if isinstance(label, list):
        return [str(_named(one, class_names, record)) for one in label]
    if not 0 <= label < len(class_names):
        what = f"label {label} is none of the {len(class_names)} classes, 0 to {len(class_names) - 1}"
        raise fault(record.file, record.number, what)
    return class_names[label]


def _class_names(split: Any, label_column: str) -> list[str] | None:
    """The class names that a split declares for its numbered labels, if it does."""
    feature = split.features.get(label_column)
    names = getattr(getattr(feature, "feature", feature), "names", None)
    return None if names is None else list(names)


def _fetched(repository: Repository) -> Any:
    """All splits of a repository, by name."""
    try:
        import datasets
    except ImportError as error:
        raise NotFound(
            "Reading from the hub needs the library `datasets`; install it with: pip install 'pie-store[train]'"
        ) from error
    try:
        return datasets.load_dataset(repository.name, repository.configuration, revision=repository.revision)
    except (OSError, ValueError, RuntimeError, httpx.HTTPError) as error:
        raise NotFound(
            f"Cannot fetch '{repository.name}' from the hub: {str(error).strip().splitlines()[0].rstrip('.')}; "
            "check the network and the name, or give a local copy with --path."
        ) from error
