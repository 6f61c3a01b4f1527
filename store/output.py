"""An answer's rows in every format that is handed out, by the command line and over HTTP alike."""

import csv
import io
import json
import math
import sys
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def to_json(rows: pa.Table) -> bytes:
    """A plain JSON array of flat objects; what is not a number is null."""
    return json.dumps(_plain_rows(rows), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def to_ndjson(rows: pa.Table) -> bytes:
    """A JSON object a line."""
    lines = (json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for row in _plain_rows(rows))
    return "".join(f"{line}\n" for line in lines).encode()


def to_csv(rows: pa.Table) -> bytes:
    """RFC 4180 with a header; a list is JSON in its cell, null is empty."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(rows.column_names)
    for row in _plain_rows(rows):
        writer.writerow(
            [json.dumps(cell, ensure_ascii=False) if isinstance(cell, (list, dict)) else cell for cell in row.values()]
        )
    return stream.getvalue().encode()


def to_arrow(rows: pa.Table) -> bytes:
    """An Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    return bytes(sink.getvalue())


def to_parquet(rows: pa.Table) -> bytes:
    """A Parquet file, zstd-compressed."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    return bytes(sink.getvalue())


FORMATS: Mapping[str, tuple[str, Callable[[pa.Table], bytes]]] = {
    "json": ("application/json", to_json),
    "ndjson": ("application/x-ndjson", to_ndjson),
    "csv": ("text/csv; charset=utf-8", to_csv),
    "arrow": ("application/vnd.apache.arrow.stream", to_arrow),
    "parquet": ("application/vnd.apache.parquet", to_parquet),
}
"""Each format's media type and its writer."""

COMMAND_FORMATS = ("table", *FORMATS)
"""What `--format` of a command takes."""


def write_rows(rows: pa.Table, format_name: str = "table", *, title: str | None = None) -> None:
    """Write an answer to standard output in one of COMMAND_FORMATS."""
    if format_name != "table":
        sys.stdout.flush()
        sys.stdout.buffer.write(FORMATS[format_name][1](rows))
        sys.stdout.buffer.write(b"\n" if format_name == "json" else b"")
        sys.stdout.buffer.flush()
        return
    console = Console()
    if not console.is_terminal:
        # A file or a pipe has no width: give every cell the room it needs.
        console = Console(width=10_000)
    console.print(rich_table(rows, title=title))


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
        table.add_column(_header(field.name), justify="right" if numeric else "left", no_wrap=not is_long)
        columns.append(cells)
    for row in zip(*columns, strict=True):
        table.add_row(*row)
    return table


_LONG_CELL = 30
_LONG_HEADER = 12


def _header(name: str) -> Text:
    """A column's name, a long one on two lines: broken at the underscore nearest to its middle."""
    breaks = [position + 1 for position, letter in enumerate(name) if letter == "_"]
    if len(name) <= _LONG_HEADER or not breaks:
        return Text(name)
    middle = min(breaks, key=lambda position: abs(position - len(name) / 2))
    return Text(f"{name[:middle]}\n{name[middle:]}")


def _cell(value: Any) -> str:
    value = _plain(value)
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return "{" + ", ".join(_cell(item) for item in value) + "}"
    return str(value)


def _plain_rows(rows: pa.Table) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in rows.to_pylist()]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
