"""What tables and figures share: a number in the paper, a caption, the rows they show, and a word on what is lacking."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

import polars as pl

from store.errors import NotFound
from store.warehouse import Warehouse


@dataclass(frozen=True)
class Numbered:
    """A table or a figure as it was measured."""

    number: int
    """The paper's; 0 where the paper has none."""
    caption: str
    frame: pl.DataFrame
    """The rows that it shows, unrounded."""
    notes: Sequence[str] = field(default=(), kw_only=True)
    """What marks mean, over how many seeds it was taken, and what the warehouse lacks, each a sentence."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show but the notes."""
        raise NotImplementedError

    def noting(self, *notes: str) -> Self:
        """The same with further notes."""
        return replace(self, notes=(*self.notes, *notes))


Made = TypeVar("Made", bound=Numbered)
Maker = TypeVar("Maker")


def make_numbered(
    noun: str, makers: Mapping[int, Maker], number: int, warehouse: Warehouse, make: Callable[[Maker], Made]
) -> Made:
    """What `make` makes of the maker of a number, of one snapshot; where it is empty, its notes say so.

    Raises NotFound for a number that nothing makes.
    """
    if number not in makers:
        raise NotFound(f"No {noun} {number}; the {noun}s are {spans(makers)}.")
    with warehouse.reading():
        made = make(makers[number])
    if made.is_empty and not made.notes:
        return made.noting(
            "The warehouse has no published runs of this yet; `pie studies` says how far the studies are."
        )
    return made


def spans(numbers: Sequence[int] | Mapping[int, object]) -> str:
    """Whole numbers, ascending, with runs of them drawn together: `0 to 4, 7`; a dash for none."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    drawn = [f"{part[0]} to {part[-1]}" if len(part) > 2 else ", ".join(map(str, part)) for part in parts]
    return ", ".join(drawn) or "–"
