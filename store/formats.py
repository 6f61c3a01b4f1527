"""An answer's rows as bytes, batch by batch, in every format that is handed out: large ones never lie in memory whole."""

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic_core import to_json

Rows: TypeAlias = "pa.Table | pa.RecordBatchReader"
"""Rows that are there, or that are still being read."""


def _plain_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows as dictionaries of what JSON knows."""
    columns = []
    for field in batch.schema:
        values = batch[field.name].to_pylist()
        columns.append(values if _is_plain(field.type) else [plain(value) for value in values])
    return [dict(zip(batch.schema.names, values, strict=True)) for values in zip(*columns, strict=True)]


def with_names_apart(schema: pa.Schema) -> pa.Schema:
    """The schema with each name once: a second `seed` is `seed_1`, as the engine names it in a table."""
    taken: set[str] = set()
    fields = []
    for field in schema:
        name, number = field.name, 0
        while name in taken:
            number += 1
            name = f"{field.name}_{number}"
        taken.add(name)
        fields.append(field.with_name(name))
    return pa.schema(fields)


def to_json_array(rows: Rows) -> Iterator[bytes]:
    """A plain JSON array of flat objects."""
    opening = b"["
    for batch in _batches(rows):
        yield opening + to_json(_plain_rows(batch))[1:-1]
        opening = b","
    yield b"[]" if opening == b"[" else b"]"


def to_ndjson(rows: Rows) -> Iterator[bytes]:
    """A JSON object a line."""
    for batch in _batches(rows):
        yield b"".join(to_json(row) + b"\n" for row in _plain_rows(batch))


def to_csv(rows: Rows) -> Iterator[bytes]:
    """RFC 4180 with a header; a list is JSON in its cell, null is empty."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(rows.schema.names)
    for batch in _batches(rows):
        for row in _plain_rows(batch):
            writer.writerow(
                json.dumps(cell, ensure_ascii=False) if isinstance(cell, (list, dict)) else cell
                for cell in row.values()
            )
        yield stream.getvalue().encode()
        stream.seek(0)
        stream.truncate()
    yield stream.getvalue().encode()


def to_arrow(rows: Rows) -> Iterator[bytes]:
    """An Arrow IPC stream."""
    sink = Sink()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        for batch in _batches(rows):
            stream.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


def to_parquet(rows: Rows) -> Iterator[bytes]:
    """A Parquet file, zstd-compressed."""
    sink = Sink()
    with pq.ParquetWriter(sink, rows.schema, compression="zstd") as writer:
        for batch in _batches(rows):
            writer.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


FORMATS: Mapping[str, tuple[str, Callable[[Rows], Iterator[bytes]]]] = {
    "json": ("application/json", to_json_array),
    "ndjson": ("application/x-ndjson", to_ndjson),
    "csv": ("text/csv; charset=utf-8", to_csv),
    "arrow": ("application/vnd.apache.arrow.stream", to_arrow),
    "parquet": ("application/vnd.apache.parquet", to_parquet),
}
"""Each format's media type and its writer."""


def compressed(chunks: Iterable[bytes], codec: str) -> Iterator[bytes]:
    """The chunks compressed as one stream, by `gzip` or `zstd`."""
    sink = Sink()
    with pa.CompressedOutputStream(pa.PythonFile(sink, "w"), codec) as stream:
        for chunk in chunks:
            stream.write(chunk)
            yield sink.taken()
        # Closing the stream closes its sink as well: only flushed bytes can be taken.
        sink.keep_open = True
    yield sink.taken()


class Sink(io.RawIOBase):
    """A file that is written to and emptied in turns."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self.keep_open = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._chunks.append(bytes(data))
        return len(self._chunks[-1])

    def close(self) -> None:
        if not self.keep_open:
            super().close()

    def taken(self) -> bytes:
        """What was written since the last time."""
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)


def _batches(rows: Rows) -> Iterator[pa.RecordBatch]:
    for batch in rows.to_batches() if isinstance(rows, pa.Table) else rows:
        if batch.num_rows:
            yield batch


def _is_plain(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)
    )


def plain(value: Any) -> Any:
    """A cell as JSON knows it: what is not a number is null, times are RFC 3339 (the warehouse's are UTC)."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime, date, time)):
        in_utc = isinstance(value, datetime) and value.tzinfo is None
        return value.isoformat() + ("Z" if in_utc else "")
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, (int, str)) else _plain_of_rare_type(value)


def _plain_of_rare_type(value: Any) -> int | float | str:
    """What ad-hoc SQL may bring forth: DuckDB's sum of integers is a decimal."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.hex() if isinstance(value, bytes) else str(value)
