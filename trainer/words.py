"""Words as the ids of rows in a matrix of word vectors, for the BiLSTM.

Source: appendix A.2 of the paper. Shapes: V vectors, D dimensions.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from store.dataset import Dataset
from store.protocol import Split
from store.text import basic_english
from trainer.settings import BiLSTM
from trainer.streams import numpy_stream
from trainer.tokens import Tokens, tokens_of
from trainer.vectors import WordVectors, load_vectors

PADDING, UNKNOWN = 0, 1
"""The first two rows: one drawn at random, and the mean of all vectors. Those of words follow."""
PADDING_SEED = 0
"""The padding vector is the same in every run, so its stream has a seed of its own."""


def word_ids(
    architecture: BiLSTM, max_tokens: int, dataset: Dataset
) -> tuple[dict[Split, Tokens], NDArray[np.float32]]:
    """The ids of a dataset's words by split, and the vectors [V, D] of padding, unknown words and those that have one."""
    number_of_word: dict[str, int] = {}

    def tokenize(texts: list[str]) -> Iterator[list[int]]:
        for text in texts:
            yield [number_of_word.setdefault(word, len(number_of_word)) for word in basic_english(text)[:max_tokens]]

    splits = {split: tokens_of(dataset.splits[split], tokenize) for split in dataset.splits}
    vectors = load_vectors(architecture.vectors, number_of_word.keys())
    found = [word for word in number_of_word if word in vectors.index]
    id_of_number = np.full(len(number_of_word), UNKNOWN, dtype=np.int32)
    id_of_number[[number_of_word[word] for word in found]] = np.arange(2, len(found) + 2)
    vectors_VD = np.empty((len(found) + 2, len(vectors.mean_D)), dtype=np.float32)
    vectors_VD[PADDING], vectors_VD[UNKNOWN] = padding_vector(vectors), vectors.mean_D
    vectors_VD[2:] = vectors.matrix_VD[[vectors.index[word] for word in found]]
    return {split: (id_of_number[numbers], offsets) for split, (numbers, offsets) in splits.items()}, vectors_VD


def padding_vector(vectors: WordVectors) -> NDArray[np.float32]:
    """The one padding vector [D], drawn from the vectors' mean and standard deviation in each dimension (appendix A.2)."""
    normal = numpy_stream(PADDING_SEED, "padding vector").standard_normal(len(vectors.mean_D))
    drawn_D: NDArray[np.float32] = (vectors.mean_D + vectors.std_D * normal).astype(np.float32)
    return drawn_D
