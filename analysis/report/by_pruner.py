"""Tables with a row per configuration and pruner, at one sparsity."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from analysis.selection import configurations_in, percent, place
from analysis.tables.grid import ABSENT, KEYS, keys_of, seeds_note
from analysis.tables.table import Cell, Column, Section, Table

Print = Callable[[Mapping[str, Any]], str]


def by_pruner(frame: pl.DataFrame, caption: str, columns: Mapping[str, Print], sparsity: float) -> Table:
    """The table of rows of one sparsity; `columns` are its headings, and what is printed below them."""
    lines: list[Sequence[Cell]] = []
    for configuration in configurations_in(frame):
        found = configuration.of(frame)
        for row in sorted(found.iter_rows(named=True), key=lambda row: place(row["pruner"])):
            cells = [Cell(write(row)) for write in columns.values()]
            lines.append([*keys_of(configuration), Cell(row["pruner"]), *cells])
    headings = [*KEYS, *(Column(name) for name in columns)]
    table = listed(
        f"{caption} At {percent(sparsity)}.",
        frame,
        headings,
        lines,
        f"There is nothing of this at {percent(sparsity)} yet.",
    )
    return table.noting(seeds_note(frame)) if lines else table


def listed(
    caption: str, frame: pl.DataFrame, columns: Sequence[Column], lines: Sequence[Sequence[Cell]], absent: str
) -> Table:
    """A table of lines that begin with a configuration; where there is none it says that it is absent."""
    table = Table(0, caption, frame, columns, [Section("", lines)] if lines else [], num_keys=2)
    return table if lines else table.noting(absent)


def number(column: str, digits: int = 3) -> Print:
    """Prints a number of a row, or that there is none."""
    return lambda row: printed(row[column], digits)


def count(column: str) -> Print:
    """Prints a count."""
    return lambda row: f"{row[column]:,}"


def interval(column: str, low: str, high: str, digits: int = 3) -> Print:
    """Prints a number with its interval in brackets."""

    def write(row: Mapping[str, Any]) -> str:
        if row[column] is None:
            return ABSENT
        return f"{printed(row[column], digits)} [{printed(row[low], digits)}, {printed(row[high], digits)}]"

    return write


def p_value(row: Mapping[str, Any]) -> str:
    """The p-value of a row, no more exactly than it is worth."""
    return "< 0.001" if row["p_value"] < 0.001 else f"{row['p_value']:.3f}"


def printed(value: float | None, digits: int) -> str:
    """A number with so many decimals, or that there is none."""
    return ABSENT if value is None else f"{value:.{digits}f}"
