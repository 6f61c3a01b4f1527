"""CSV, JSON lines and Parquet files, record by record."""

import codecs
import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from store.errors import NotFound, Refused
from trainer.data.archive import decoded
from trainer.data.columns import Record
from trainer.data.examples import fault

FORMATS = ("csv", "tsv", "jsonl", "parquet")
SUFFIXES = {
    ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet",
}  # fmt: skip
"""The format of a file, by the end of its name; `.gz` may follow, but for Parquet."""


def _format_by_name(path: Path) -> str | None:
    """The format of a file by its name, None when its name says nothing."""
    return SUFFIXES.get(Path(path.name.removesuffix(".gz")).suffix.lower())


def read_table(path: Path, format: str = "table", encoding: str = "utf-8") -> Iterator[Record]:
    """The records of a file in one of FORMATS (`table`: by its name), numbered from 1 (a CSV file's header is none).

    Raises NotFound when there is none, Refused, naming file and row, when it is damaged or in another encoding.
    """
    if not path.is_file():
        raise NotFound(f"No file at '{path}'; give the dataset's file with --path.")
    kind = _format_by_name(path) if format == "table" else format
    if kind is None:
        raise Refused(
            f"'{path}' is of no known format: its name does not end with {', '.join(SUFFIXES)}; name one with --format."
        )
    if kind == "parquet":
        return _parquet(path)
    return _jsonl(path, encoding) if kind == "jsonl" else _csv(path, encoding, "\t" if kind == "tsv" else ",")


def _csv(path: Path, encoding: str, delimiter: str) -> Iterator[Record]:
    # A text may be longer than the 131,072 characters that the module allows at first.
    csv.field_size_limit(sys.maxsize)
    number = 0
    with _text(path, encoding) as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            header = next(reader, [])
            for number, cells in enumerate(filter(None, reader), start=1):
                if len(cells) != len(header):
                    what = f"{len(cells)} cells, but the header has {len(header)}; put texts in double quotes"
                    raise fault(str(path), number, what)
                yield Record(dict(zip(header, cells, strict=True)), str(path), number)
        except csv.Error as error:
            raise fault(str(path), number + 1, f"not CSV: {error}") from error


def _jsonl(path: Path, encoding: str) -> Iterator[Record]:
    with _text(path, encoding) as text:
        for number, line in enumerate(text, start=1):
            if line.strip():
                try:
                    values = json.loads(line)
                except json.JSONDecodeError as error:
                    raise fault(str(path), number, f"not JSON: {error}") from error
                if not isinstance(values, dict):
                    raise fault(str(path), number, "not a JSON object; write one object on each line")
                yield Record(values, str(path), number)


def _parquet(path: Path) -> Iterator[Record]:
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                for values in batch.to_pylist():
                    number += 1
                    yield Record(values, str(path), number)
    except (pa.ArrowInvalid, OSError) as error:
        raise Refused(f"'{path}' is truncated or damaged after row {number} ({error}); write it anew.") from error


@contextmanager
def _text(path: Path, encoding: str) -> Iterator[io.TextIOWrapper]:
    """A file's text, unpacked where its name ends with .gz; a byte-order mark is no part of it."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise Refused(f"There is no encoding '{encoding}'; name one that Python knows, such as latin-1.") from error
    opener = gzip.open if path.suffix == ".gz" else Path.open
    try:
        with (
            opener(path, "rb") as stream,
            io.TextIOWrapper(stream, "utf-8-sig" if name == "utf-8" else name, newline="") as text,
        ):
            yield text
    except UnicodeDecodeError:
        with opener(path, "rb") as stream:
            decoded(stream.read(), name, str(path))
        raise
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise Refused(f"'{path}' is truncated or damaged ({error}); get it anew.") from error
