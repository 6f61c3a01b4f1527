"""Texts as token ids, kept on disk: encoded once for a dataset and tokenizer, then memory-mapped by every worker.

A split's ids lie one after the other in `<split>.ids.npy` (int32), and `<split>.offsets.npy` says where each
example's begin. Nothing else of a text is kept in memory while training.
Shapes: N examples, C classes, V vectors, D dimensions.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from store.dataset import Dataset
from store.identity import digest_of
from store.protocol import Split, Task
from trainer.errors import StudyError
from trainer.fetch import cache_directory, made_once
from trainer.study import BiLSTM, Study

if TYPE_CHECKING:
    from trainer.vectors import WordVectors

ENCODING_FORMAT = 1
PADDING, UNKNOWN = 0, 1
"""The first two rows of a BiLSTM's matrix of vectors."""
PADDING_SEED = 0
"""The padding vector is the same in every run, so its stream has a seed of its own."""
_CHUNK = 4096
"""Texts that are tokenized at a time."""

Tokenize = Callable[[list[str]], Iterable[list[int]]]
Tokens = tuple[NDArray[np.int32], NDArray[np.int64]]
"""Ids of a split's examples, one after the other, and the [N + 1] offsets at which each begins and ends."""


@dataclass(frozen=True)
class EncodedSplit:
    """The token ids of every example of a split, and its gold labels."""

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    """[N + 1]: example i has ids[offsets[i]:offsets[i + 1]]."""
    gold_NC: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths_N(self) -> NDArray[np.int64]:
        """Number of tokens of each example, after the cut."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class EncodedDataset:
    """A dataset as a model reads it."""

    task: Task
    num_classes: int
    splits: Mapping[Split, EncodedSplit]
    padding_id: int
    fixed_length: int | None
    """The length that every batch is padded to; None: that of its longest example."""
    vectors_VD: NDArray[np.float32] | None = None
    """A BiLSTM's word vectors: padding, unknown, then every word of the dataset that has one."""


def encode(study: Study, dataset: Dataset) -> Path:
    """Encode a dataset for a study's model, unless the cache has it; returns the directory for `open_encoded`.

    Raises StudyError when the dataset lacks a split that training needs, or the tokenizer or the vectors cannot be
    loaded.
    """
    for split in ("train", "test"):
        if split not in dataset.splits:
            raise StudyError(
                f"Dataset '{dataset.name}' has no {split} split; a study needs one to train and to measure on."
            )
    source = study.architecture.source()
    key = digest_of([ENCODING_FORMAT, dataset.digest, study.architecture.name, source, study.max_tokens])
    directory = cache_directory() / "encoded" / key[:16]
    return made_once(directory, partial(_write, study, dataset))


def open_encoded(directory: Path) -> EncodedDataset:
    """Open what `encode` wrote, memory-mapped."""
    described = json.loads((directory / "encoding.json").read_text())
    splits: dict[Split, EncodedSplit] = {}
    for split in described["splits"]:
        parts = [np.load(directory / f"{split}.{part}.npy", mmap_mode="r") for part in ("ids", "offsets", "gold")]
        splits[split] = EncodedSplit(*parts)
    vectors = directory / "vectors.npy"
    return EncodedDataset(
        task=described["task"],
        num_classes=described["num_classes"],
        splits=splits,
        padding_id=described["padding_id"],
        fixed_length=described["fixed_length"],
        vectors_VD=np.load(vectors, mmap_mode="c") if vectors.exists() else None,
    )


def padding_vector(vectors: "WordVectors") -> NDArray[np.float32]:
    """The one padding vector [D], drawn from the vectors' mean and standard deviation in each dimension (appendix A.2)."""
    from trainer.streams import numpy_stream

    normal = numpy_stream(PADDING_SEED, "padding vector").standard_normal(len(vectors.mean_D))
    drawn_D: NDArray[np.float32] = (vectors.mean_D + vectors.std_D * normal).astype(np.float32)
    return drawn_D


def _write(study: Study, dataset: Dataset, directory: Path) -> None:
    described: dict[str, Any] = {"task": dataset.task, "num_classes": len(dataset.class_names)}
    if isinstance(study.architecture, BiLSTM):
        described |= {"padding_id": PADDING, "fixed_length": study.max_tokens}
        splits, vectors_VD = _words(study.architecture, study.max_tokens, dataset)
        np.save(directory / "vectors.npy", vectors_VD)
    else:
        from trainer.pretrained import tokenizer

        tokenize, padding_id = tokenizer(study.architecture, study.max_tokens)
        described |= {"padding_id": padding_id, "fixed_length": None}
        splits = {split: _tokens(dataset, split, tokenize) for split in dataset.splits}
    for split, (ids, offsets) in splits.items():
        np.save(directory / f"{split}.ids.npy", ids)
        np.save(directory / f"{split}.offsets.npy", offsets)
        np.save(directory / f"{split}.gold.npy", _gold(dataset, split))
    (directory / "encoding.json").write_text(json.dumps(described | {"splits": list(splits)}))


def _words(architecture: BiLSTM, max_tokens: int, dataset: Dataset) -> tuple[dict[Split, Tokens], NDArray[np.float32]]:
    """The ids of a dataset's words by split, and the vectors of those that have one."""
    from store.text import basic_english
    from trainer.vectors import load_vectors

    number_of_word: dict[str, int] = {}

    def tokenize(texts: list[str]) -> Iterator[list[int]]:
        for text in texts:
            yield [number_of_word.setdefault(word, len(number_of_word)) for word in basic_english(text)[:max_tokens]]

    splits = {split: _tokens(dataset, split, tokenize) for split in dataset.splits}
    vectors = load_vectors(architecture.vectors, number_of_word.keys())
    found = [word for word in number_of_word if word in vectors.index]
    id_of_number = np.full(len(number_of_word), UNKNOWN, dtype=np.int32)
    id_of_number[[number_of_word[word] for word in found]] = np.arange(2, len(found) + 2)
    vectors_VD = np.empty((len(found) + 2, len(vectors.mean_D)), dtype=np.float32)
    vectors_VD[PADDING], vectors_VD[UNKNOWN] = padding_vector(vectors), vectors.mean_D
    vectors_VD[2:] = vectors.matrix_VD[[vectors.index[word] for word in found]]
    return {split: (id_of_number[numbers], offsets) for split, (numbers, offsets) in splits.items()}, vectors_VD


def _tokens(dataset: Dataset, split: Split, tokenize: Tokenize) -> Tokens:
    """The ids of all examples of a split, one after the other, and where each example's begin."""
    ids, lengths = [], [0]
    for chunk in dataset.splits[split].select(["text"]).to_batches(_CHUNK):
        examples = [np.asarray(example, dtype=np.int32) for example in tokenize(chunk["text"].to_pylist())]
        ids.append(np.concatenate(examples))
        lengths += [len(example) for example in examples]
    return np.concatenate(ids), np.cumsum(lengths, dtype=np.int64)


def _gold(dataset: Dataset, split: Split) -> NDArray[np.bool_]:
    """The gold labels [N, C]."""
    class_ids = dataset.splits[split]["class_ids"].combine_chunks()
    gold_NC = np.zeros((len(class_ids), len(dataset.class_names)), dtype=np.bool_)
    counts = class_ids.value_lengths().to_numpy(zero_copy_only=False)
    gold_NC[np.repeat(np.arange(len(class_ids)), counts), class_ids.flatten().to_numpy(zero_copy_only=False)] = True
    return gold_NC
