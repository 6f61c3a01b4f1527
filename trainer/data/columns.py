"""From a record with named columns (a CSV line, a JSON object, a row of the hub) to a text and its labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from store.protocol import Split
from trainer.data.examples import Row, fault

SPLIT_NAMES: dict[str, Split] = {
    "train": "train", "training": "train", "test": "test",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
}  # fmt: skip
"""What splits are called in files, and what they are called here."""


class Record(NamedTuple):
    """A record as it was read, and where."""

    values: Mapping[str, Any]
    file: str
    number: int
    split: Split = "train"
    """Its split where no column says so."""


@dataclass(frozen=True)
class Columns:
    """Which columns hold what."""

    text: tuple[str, ...]
    """Several are joined by a blank."""
    label: str
    split: str | None = None
    label_delimiter: str | None = None

    def row(self, record: Record) -> Row:
        """The example of a record.

        Raises Refused, naming file and row, when a column is missing, a text is none, or a split is unknown.
        """
        values = record.values
        for column in (*self.text, self.label, *([self.split] if self.split else [])):
            if column not in values:
                raise fault(
                    record.file,
                    record.number,
                    f"no column '{column}'; there are {', '.join(map(str, values)) or 'none'}",
                )
        for column in self.text:
            if not isinstance(values[column], str):
                raise fault(record.file, record.number, f"column '{column}' holds {values[column]!r}, not a text")
        split = SPLIT_NAMES.get(str(values[self.split]).strip().lower()) if self.split else record.split
        if split is None:
            raise fault(
                record.file, record.number, f"split '{values[self.split or '']}' is not train, validation or test"
            )
        text = " ".join(values[column] for column in self.text)
        return Row(split, text, self._labels(values[self.label]), record.file, record.number)

    def has_several(self, record: Record) -> bool:
        """Whether labels come as lists here: the mark of a multi-label dataset."""
        return self.label_delimiter is not None or isinstance(record.values.get(self.label), list)

    def _labels(self, value: Any) -> Sequence[str]:
        if value is None:
            return []
        if isinstance(value, str) and self.label_delimiter:
            value = [label.strip() for label in value.split(self.label_delimiter)] if value.strip() else []
        values = value if isinstance(value, list) else [value]
        return [label_name(value) for value in values]


def label_name(value: Any) -> str:
    """The class name of a label: 1, 1.0 and "1" are one class."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def by_number(label: str) -> tuple[bool, int, str]:
    """Sorts class names that are whole numbers by number, and before the others."""
    is_number = label.lstrip("-").isdecimal() and label.isascii()
    return not is_number, int(label) if is_number else 0, label
