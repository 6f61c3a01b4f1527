"""How word vectors lie on disk: a matrix to be memory-mapped, the words of its rows, and the moments of all vectors.

Shapes: V words, D dimensions, N vectors of a chunk.
"""

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainer.glove import Lines

MATRIX, INDEX, MOMENTS = "matrix.npy", "index.parquet", "moments.json"


class Moments:
    """Mean and standard deviation in each dimension, over vectors that come chunk by chunk, in float64."""

    def __init__(self) -> None:
        self.count, self._sum_D, self._squares_D = 0, np.float64(0), np.float64(0)

    def add(self, chunk_ND: NDArray[np.float32]) -> None:
        """Take in a chunk of vectors."""
        self.count += len(chunk_ND)
        self._sum_D = self._sum_D + chunk_ND.sum(axis=0, dtype=np.float64)
        self._squares_D = self._squares_D + np.einsum("nd,nd->d", chunk_ND, chunk_ND, dtype=np.float64)

    def mean_and_std(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean [D] and population standard deviation [D] of all vectors taken in."""
        mean_D = np.asarray(self._sum_D / self.count)
        return mean_D, np.sqrt(np.maximum(self._squares_D / self.count - mean_D**2, 0))


def write_vectors(chunks: Iterable[Lines], wanted: Collection[str] | None, directory: Path) -> int:
    """Write the vectors of the words in `wanted` (None: of all) into `directory`, and the moments of all vectors.

    Of a word that comes twice the first vector is kept. Returns the number of words written.
    """
    moments, index = Moments(), dict[str, None]()
    with (directory / MATRIX).open("wb") as matrix:
        for words, vectors_ND in chunks:
            moments.add(vectors_ND)
            kept = []
            for number, word in enumerate(words):
                if word not in index and (wanted is None or word in wanted):
                    index[word] = None
                    kept.append(number)
            if matrix.tell() == 0:
                _write_header(matrix, 0, vectors_ND.shape[1])
            matrix.write(vectors_ND[kept].astype("<f4", order="C").data)
        # As long as the first header: numpy leaves room in it for any number of rows.
        matrix.seek(0)
        _write_header(matrix, len(index), vectors_ND.shape[1])
    pq.write_table(pa.table({"index": pa.array(index, pa.string())}), directory / INDEX)
    mean_D, std_D = moments.mean_and_std()
    (directory / MOMENTS).write_text(json.dumps({"mean": mean_D.tolist(), "std": std_D.tolist()}))
    return len(index)


def read_moments(directory: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean [D] and standard deviation [D] as `write_vectors` wrote them."""
    moments = json.loads((directory / MOMENTS).read_text())
    return np.array(moments["mean"]), np.array(moments["std"])


def _write_header(stream: IO[bytes], num_rows: int, num_columns: int) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": (num_rows, num_columns)}
    np.lib.format.write_array_header_1_0(stream, header)


def read_index(path: Path, words: Collection[str] | None = None) -> dict[str, int]:
    """The row of each word (of those in `words`, when given) from a Parquet file with one column, `index`."""
    column = pq.read_table(path, columns=["index"])["index"].to_pylist()
    wanted: Iterable[tuple[int, str]] = enumerate(column)
    if words is not None:
        kept = frozenset(words)
        wanted = ((row, word) for row, word in wanted if word in kept)
    return {word: row for row, word in wanted}
