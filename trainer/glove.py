"""GloVe's text format, read in one pass and bounded memory.

A line is a word and its D numbers, parted by blanks; of GloVe 840B some words hold blanks themselves. Arrow's CSV
reader does the parsing (four times numpy's pace); the lines of such words have too many columns, and come separately.
Shapes: N lines, D dimensions.
"""

import gzip
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from store.errors import Refused

_PEEK = 1000
"""Lines whose usual length tells the number of dimensions."""
_BLOCK_BYTES = 1 << 22

Lines = tuple[list[str], NDArray[np.float32]]
"""Words, and their vectors [N, D]."""


def read_glove(file: Path) -> Iterator[Lines]:
    """All lines of a file in GloVe's format (text, gzip, or zip with one text in it), block by block.

    Raises Refused, naming the file and, where it is known, the line, when it is damaged or in another format.
    """
    num_header_lines, num_dimensions = _shape(file)
    odd: list[tuple[int | None, str]] = []

    def keep(row: pyarrow.csv.InvalidRow) -> str:
        odd.append((row.number, row.text))
        return "skip"

    names = ["word", *(str(number) for number in range(num_dimensions))]
    types = {name: pa.string() if name == "word" else pa.float32() for name in names}
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
                raise Refused(f"'{file}': the vector of {word!r} is not finite; get the file anew.")
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
        words.append(word)
    return words, np.stack(rows)


def _shape(file: Path) -> tuple[int, int]:
    """How many header lines to skip (word2vec's text format has one), and the number of dimensions D."""
    with _opened(file) as stream:
        lines = list(islice(stream, _PEEK))
    counts = [len(line.rstrip(b"\r\n").split(b" ")) - 1 for line in lines]
    has_header = counts[:1] == [1] and all(part.isdigit() for part in lines[0].split())
    # Most words hold no blank, and a line cut short is a fault: the usual length is the right one.
    num_dimensions = Counter(counts[has_header:] or [0]).most_common(1)[0][0]
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
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
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
