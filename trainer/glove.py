"""GloVe's text format, read in one pass and bounded memory into a memory-mapped matrix in the cache.

A line is a word and its D numbers, parted by blanks; of GloVe 840B some words hold blanks themselves. Arrow's CSV
reader does the parsing (four times numpy's pace); the lines of such words have too many columns, and come separately.
Shapes: V words, D dimensions, N lines.
"""

import gzip
import json
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from store.errors import Refused
from store.identity import digest_of
from trainer.fetch import cache_directory, making
from trainer.vectors import Moments, WordVectors, read_index

FORMAT = 1
"""Part of the key of what is kept: raise it when a change here makes other matrices."""
_PEEK = 1000
"""Lines whose shortest tells the number of dimensions."""
_BLOCK_BYTES = 1 << 22

Lines = tuple[list[bytes], NDArray[np.float32]]
"""Words, and their vectors [N, D]."""


def read_glove(file: Path, digest: str, words: Collection[str] | None = None) -> WordVectors:
    """The vectors of a file in GloVe's format (text, gzip, or zip with one text in it), from the cache when it has them.

    `digest` is the file's. Raises Refused, naming file and line, when it is damaged or in another format.
    """
    wanted = None if words is None else sorted(set(words))
    directory = cache_directory() / "vectors" / digest_of([FORMAT, digest, wanted])[:16]
    with making(directory) as aside:
        if not directory.exists():
            _convert(file, None if wanted is None else frozenset(wanted), aside / "vectors")
            (aside / "vectors").rename(directory)
    moments = json.loads((directory / "moments.json").read_text())
    return WordVectors(
        index=read_index(directory / "index.parquet"),
        matrix_VD=np.load(directory / "matrix.npy", mmap_mode="r"),
        mean_D=np.array(moments["mean"]),
        std_D=np.array(moments["std"]),
        digest=digest,
    )


def _convert(file: Path, wanted: frozenset[str] | None, directory: Path) -> None:
    directory.mkdir()
    moments = Moments()
    index: dict[str, None] = {}
    with (directory / "matrix.npy").open("wb") as matrix:
        for raw_words, vectors_ND in _read(file):
            moments.add(vectors_ND)
            kept = []
            for number, raw in enumerate(raw_words):
                word = _decoded(raw, file)
                if word not in index and (wanted is None or word in wanted):
                    index[word] = None
                    kept.append(number)
            # The header's final length is known from the start: numpy leaves room in it for any number of rows.
            if matrix.tell() == 0:
                _write_header(matrix, 0, vectors_ND.shape[1])
            matrix.write(vectors_ND[kept].astype("<f4", order="C").data)
        if not index:
            raise Refused(f"'{file}' has none of the words that are asked for; is it of another language?")
        matrix.seek(0)
        _write_header(matrix, len(index), vectors_ND.shape[1])
    pq.write_table(pa.table({"index": pa.array(index, pa.string())}), directory / "index.parquet")
    mean_D, std_D = moments.mean_and_std()
    (directory / "moments.json").write_text(json.dumps({"mean": mean_D.tolist(), "std": std_D.tolist()}))


def _write_header(stream: IO[bytes], num_rows: int, num_columns: int) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": (num_rows, num_columns)}
    np.lib.format.write_array_header_1_0(stream, header)


def _read(file: Path) -> Iterator[Lines]:
    """All lines of a file, block by block."""
    num_header_lines, num_dimensions = _shape(file)
    odd: list[tuple[int | None, str]] = []

    def keep(row: pyarrow.csv.InvalidRow) -> str:
        odd.append((row.number, row.text))
        return "skip"

    names = ["word", *(str(number) for number in range(num_dimensions))]
    types = {name: pa.binary() if name == "word" else pa.float32() for name in names}
    with _opened(file) as stream:
        reader = pyarrow.csv.open_csv(
            pa.PythonFile(stream, mode="r"),
            pyarrow.csv.ReadOptions(
                block_size=_BLOCK_BYTES, column_names=names, skip_rows=num_header_lines, use_threads=False
            ),
            pyarrow.csv.ParseOptions(delimiter=" ", quote_char=False, invalid_row_handler=keep),
            pyarrow.csv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False),
        )
        for batch in reader:
            vectors_ND = np.column_stack([column.to_numpy() for column in batch.columns[1:]])
            if not np.isfinite(vectors_ND).all():
                word = batch["word"][int(np.argmin(np.isfinite(vectors_ND).all(axis=1)))].as_py()
                raise Refused(f"'{file}': the vector of {_shown(word)} is not finite; get the file anew.")
            yield batch["word"].to_pylist(), vectors_ND
    if odd:
        yield _words_with_blanks(odd, num_dimensions, file)


def _words_with_blanks(odd: list[tuple[int | None, str]], num_dimensions: int, file: Path) -> Lines:
    """The lines with more columns than the others: their last D numbers are the vector."""
    words, rows = [], []
    for number, text in odd:
        word, *numbers = text.rsplit(" ", num_dimensions)
        try:
            if len(numbers) != num_dimensions:
                raise ValueError(f"{len(numbers)} numbers")
            rows.append(np.array(numbers, dtype=np.float32))
        except ValueError as error:
            raise Refused(
                f"'{file}'{'' if number is None else f', line {number}'}: not a word and {num_dimensions} numbers "
                f"({error}); get the file anew."
            ) from error
        words.append(word.encode())
    return words, np.stack(rows)


def _shape(file: Path) -> tuple[int, int]:
    """How many header lines to skip (word2vec's text format has one), and the number of dimensions D."""
    with _opened(file) as stream:
        lines = list(islice(stream, _PEEK))
    counts = [len(line.rstrip(b"\r\n").split(b" ")) - 1 for line in lines]
    has_header = counts[:1] == [1] and all(part.isdigit() for part in lines[0].split())
    num_dimensions = min(counts[has_header:], default=0)
    if num_dimensions < 1:
        raise Refused(f"'{file}' is not in GloVe's format: a line is a word and its numbers, parted by blanks.")
    return int(has_header), num_dimensions


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """The text of a file, unpacked on the way; what is wrong with the archive or the text becomes a sentence."""
    try:
        with ExitStack() as stack:
            yield _stream(file, stack)
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise Refused(f"The archive '{file}' is truncated or damaged ({error}); get it anew.") from error
    except pa.ArrowInvalid as error:
        raise Refused(f"'{file}' is not in GloVe's format: {error}; get it anew.") from error


def _stream(file: Path, stack: ExitStack) -> IO[bytes] | gzip.GzipFile:
    if file.suffix == ".gz":
        return stack.enter_context(gzip.open(file))
    if file.suffix != ".zip":
        return stack.enter_context(file.open("rb"))
    archive = stack.enter_context(zipfile.ZipFile(file))
    texts = [name for name in archive.namelist() if name.endswith(".txt") and not name.startswith("__MACOSX")]
    if len(texts) != 1:
        raise Refused(
            f"'{file}' holds {len(texts)} texts ({', '.join(texts) or 'none'}); unpack it and name one of them."
        )
    return stack.enter_context(archive.open(texts[0]))


def _decoded(word: bytes, file: Path) -> str:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"'{file}': the word {_shown(word)} is not UTF-8; convert the file to UTF-8.") from error


def _shown(word: bytes) -> str:
    return repr(word.decode("utf-8", "backslashreplace"))
