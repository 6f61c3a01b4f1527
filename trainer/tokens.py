"""Token ids of the texts of a split, by whatever makes them of a text."""

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Tokenize = Callable[[list[str]], Iterable[list[int]]]
Tokens = tuple[NDArray[np.int32], NDArray[np.int64]]
"""Ids of a split's examples, one after the other, and the [N + 1] offsets at which each begins and ends."""

_CHUNK = 4096
"""Texts that are tokenized at a time."""


def tokens_of(examples: pa.Table, tokenize: Tokenize) -> Tokens:
    """The tokens of a table with a column `text`."""
    ids, lengths = [], [0]
    for chunk in examples.select(["text"]).to_batches(_CHUNK):
        arrays = [np.asarray(example, dtype=np.int32) for example in tokenize(chunk["text"].to_pylist())]
        ids.append(np.concatenate(arrays))
        lengths += [len(example) for example in arrays]
    return np.concatenate(ids), np.cumsum(lengths, dtype=np.int64)
