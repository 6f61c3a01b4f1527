"""What a user may say about a dataset that is to be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from store.errors import Refused
from store.protocol import Split, Task

Size = float | None
"""A number of examples (1 or more), a share of them (below 1), or None: what the others leave."""


@dataclass(frozen=True)
class Options:
    """How to read a dataset; a format takes those that concern it."""

    seed: int = 0
    """Seed of every split that is drawn; official splits are never drawn."""
    train_size: Size = None
    validation_size: Size = None
    test_size: Size = None
    task: Task | None = None
    """None: multi_label when labels come as lists or with a delimiter, else single_label."""
    text_columns: tuple[str, ...] = ("text",)
    """Several are joined by a blank."""
    label_column: str = "label"
    split_column: str | None = None
    id_column: str | None = None
    """A column whose values must differ."""
    label_delimiter: str | None = None
    """What parts the labels of a multi-label example in a CSV file."""
    class_names: tuple[str, ...] = ()
    """The classes in their order; none: those that occur, sorted."""
    encoding: str = "utf-8"
    cut_train: bool = False
    """AAPD without `text_train`: cut a training set from the validation set."""
    min_documents: int = 100
    """Reuters: a topic with fewer documents is dropped."""

    def __post_init__(self) -> None:
        for split, size in self.sizes.items():
            if size is not None and not (0 <= size < 1 or (size >= 1 and size == int(size))):
                raise Refused(f"The {split} size {size} is neither a number of examples nor a share of them below 1.")
        for column in ("text_columns", "class_names"):
            names = getattr(self, column)
            if len(set(names)) < len(names):
                raise Refused(f"{column} has a name twice: {', '.join(names)}.")

    def sizes_over(self, default: Mapping[Split, Size]) -> dict[Split, Size]:
        """The sizes asked for, and a default where none is."""
        return {**default, **{split: size for split, size in self.sizes.items() if size is not None}}

    @property
    def sizes(self) -> Mapping[Split, Size]:
        """The sizes asked for."""
        return {"train": self.train_size, "validation": self.validation_size, "test": self.test_size}


@dataclass(frozen=True)
class Request:
    """A dataset that is to be read."""

    name: str
    format: str
    path: Path | None
    """A file, folder or archive; None: from the hub or a package."""
    repository: str | None
    """A repository of the hub, where it is not the format's own."""
    options: Options
    say: Callable[[str], None]
    """Takes sentences that the user should know, such as that a set is incomplete."""
