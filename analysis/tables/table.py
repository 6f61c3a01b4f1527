"""A table of the paper: its values as a frame, and the same in the paper's arrangement, as cells to be written out."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import polars as pl

from analysis.numbered import Numbered


class Mark(Enum):
    """What the paper shows by colour or bold type; in plain text by a sign behind the value."""

    BOLD = ""
    BEST = "▲"
    """Green in the paper's table 4."""
    WORST = "▼"
    """Gray in the paper's table 4."""
    BETTER = "†"
    """Blue in the paper's table 10."""


@dataclass(frozen=True)
class Cell:
    """One value as it is printed."""

    text: str
    marks: frozenset[Mark] = frozenset()
    paper: str | None = None
    """The paper's value, where it is asked for and the paper has one."""

    def __str__(self) -> str:
        signs = "".join(f" {mark.value}" for mark in Mark if mark in self.marks and mark.value)
        return f"{self.text}{signs}" + (f" [{self.paper}]" if self.paper is not None else "")


@dataclass(frozen=True)
class Column:
    """A heading; columns next to each other may share a group, which stands above them."""

    name: str
    group: str = ""
    numeric: bool = True


@dataclass(frozen=True)
class Section:
    """Rows below a common title, which may be empty."""

    title: str
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Table(Numbered):
    """A table; columns `paper_...` of its frame hold the paper's values, where it has them."""

    columns: Sequence[Column]
    sections: Sequence[Section]
    num_keys: int = 1
    """So many leading columns say what a row is about; what repeats in them is printed once."""
    noun: str = "Table"
    """What it is in the paper."""

    @property
    def is_empty(self) -> bool:
        return not self.sections

    @property
    def is_prose(self) -> bool:
        """Whether it has no headings, as table 1, whose cells are sentences."""
        return not any(column.name for column in self.columns)

    @property
    def rows(self) -> list[Sequence[Cell]]:
        """All rows, whatever their section."""
        return [row for section in self.sections for row in section.rows]

    @property
    def arranged(self) -> pl.DataFrame:
        """The paper's arrangement as a frame of the cells' texts."""
        names = [heading(column) for column in self.columns]
        return pl.DataFrame(
            {name: [str(row[number]) for row in self.rows] for number, name in enumerate(names)},
            schema=dict.fromkeys(names, pl.String),
        )


def heading(column: Column) -> str:
    """A column's heading on one line."""
    return f"{column.group} {column.name}".strip()


def unrepeated(rows: Sequence[Sequence[Cell]], num_keys: int) -> list[list[str | None]]:
    """The leading cells of rows, None where they say the same as the row above: printed once, as the paper does."""
    shown: list[list[str | None]] = []
    before: list[str] = []
    for row in rows:
        keys = [cell.text for cell in row[:num_keys]]
        shown.append([None if keys[: n + 1] == before[: n + 1] else keys[n] for n in range(num_keys)])
        before = keys
    return shown
