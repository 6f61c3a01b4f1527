"""An answer's rows on standard output: as a table to read, or in a format that programs take."""

import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from rich import box
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from store.formats import FORMATS, plain

COMMAND_FORMATS = ("table", *FORMATS)
"""What `--format` of a command takes."""


def write_rows(rows: pa.Table, format_name: str = "table", *, title: str | None = None) -> None:
    """Write an answer to standard output in one of COMMAND_FORMATS."""
    if format_name != "table":
        sys.stdout.flush()
        for chunk in FORMATS[format_name][1](rows):
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.write(b"\n" if format_name == "json" else b"")
        sys.stdout.buffer.flush()
        return
    console = Console()
    if not console.is_terminal:
        # A file or a pipe has no width: give every cell the room it needs.
        console = Console(width=_UNBOUNDED)
        console.print(rich_table(rows, title=title))
        return
    for part in fitting(rows, title, console):
        console.print(part)


def fitting(rows: pa.Table, title: str | None, console: Console) -> Iterator[RenderableType]:
    """The rows as a table if it fits the terminal; else what all rows share above it; else one record below the other."""
    table = rich_table(rows, title=title)
    if not rows.num_rows or _fits(table, console):
        yield table
        return
    shared = [
        name for name in rows.column_names if rows.num_rows > 1 and len(set(map(str, rows[name].to_pylist()))) == 1
    ]
    if title:
        yield title
    if shared:
        yield _record("in all rows", rows.select(shared).slice(0, 1))
        yield ""
    rest = rows.drop_columns(shared)
    table = rich_table(rest)
    if _fits(table, console):
        yield table
        return
    for number in range(rest.num_rows):
        yield _record(f"row {number + 1}" if rest.num_rows > 1 else "", rest.slice(number, 1))
        yield ""


def _record(heading: str, row: pa.Table) -> Table:
    """One row, its columns below one another."""
    table = Table("", heading, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in row.column_names:
        table.add_row(Text(name), Text(_cell(row[name][0].as_py())))
    return table


def _fits(table: Table, console: Console) -> bool:
    wide = console.options.update(width=_UNBOUNDED)
    return Measurement.get(console, wide, table).minimum <= console.width


def rich_table(rows: pa.Table, *, title: str | None = None) -> Table:
    """The rows as a table to read: numbers to the right, shares with three decimals, lists in braces.

    Only long texts wrap, and long headers, so that a table fits a terminal.
    """
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    columns: list[list[Text]] = []
    for field in rows.schema:
        numeric = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        # A cell never holds markup: a text with brackets is shown as it is.
        cells = [Text(_cell(value)) for value in rows[field.name].to_pylist()]
        is_long = not numeric and any(len(cell) > _LONG_CELL for cell in cells)
        table.add_column(
            _header(field.name),
            justify="right" if numeric else "left",
            no_wrap=not is_long,
            min_width=_LONG_CELL if is_long else None,
        )
        columns.append(cells)
    for row in zip(*columns, strict=True):
        table.add_row(*row)
    return table


_LONG_CELL = 30
_LONG_HEADER = 12
_UNBOUNDED = 10_000


def _header(name: str) -> Text:
    """A column's name, a long one on two lines: broken at the underscore nearest to its middle."""
    breaks = [position + 1 for position, letter in enumerate(name) if letter == "_"]
    if len(name) <= _LONG_HEADER or not breaks:
        return Text(name)
    middle = min(breaks, key=lambda position: abs(position - len(name) / 2))
    return Text(f"{name[:middle]}\n{name[middle:]}")


def _cell(value: Any) -> str:
    value = plain(value)
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return "{" + ", ".join(_cell(item) for item in value) + "}"
    return str(value)
