"""Texts as token ids, kept on disk: encoded once for a dataset and tokenizer, then memory-mapped by every worker.

A split's ids lie one after the other in `<split>.ids.npy` (int32), and `<split>.offsets.npy` says where each
example's begin. Nothing else of a text is kept in memory while training.
Shapes: N examples, C classes, V vectors, D dimensions.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from store.dataset import Dataset
from store.identity import digest_of
from store.protocol import Split, Task
from trainer.errors import StudyError
from trainer.study import BiLSTM, Pretrained, Study

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


def encode(study: Study, dataset: Dataset, cache: Path) -> Path:
    """Encode a dataset for a study's model, unless `cache` has it; returns the directory for `open_encoded`.

    Raises StudyError when the dataset lacks a split that training needs.
    """
    for split in ("train", "test"):
        if split not in dataset.splits:
            raise StudyError(
                f"Dataset '{dataset.name}' has no {split} split; a study needs one to train and to measure on."
            )
    identity = study.architecture.identity()
    tokenizer = {key: identity.get(key) for key in ("vectors", "checkpoint", "revision")}
    key = digest_of([ENCODING_FORMAT, dataset.digest, tokenizer, study.max_tokens])
    directory = cache / f"encoded-{key[:16]}"
    if not directory.exists():
        aside = cache / f".{directory.name}.{os.getpid()}"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        try:
            _write(study, dataset, aside)
            _rename(aside, directory)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return directory


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
        vectors_VD=np.load(vectors, mmap_mode="r") if vectors.exists() else None,
    )


def padding_vector(vectors: "WordVectors") -> NDArray[np.float32]:
    """The one padding vector [D], drawn from the vectors' mean and standard deviation in each dimension (appendix A.2)."""
    from trainer.streams import numpy_stream

    normal = numpy_stream(PADDING_SEED, "padding vector").standard_normal(len(vectors.mean_D))
    return (vectors.mean_D + vectors.std_D * normal).astype(np.float32)


def _write(study: Study, dataset: Dataset, directory: Path) -> None:
    described: dict[str, Any] = {"task": dataset.task, "num_classes": len(dataset.class_names)}
    if isinstance(study.architecture, BiLSTM):
        described |= {"padding_id": PADDING, "fixed_length": study.max_tokens}
        _write_words(study.architecture, study.max_tokens, dataset, directory)
    else:
        from trainer.pretrained import tokenizer

        tokenize, padding_id = tokenizer(study.architecture, study.max_tokens)
        described |= {"padding_id": padding_id, "fixed_length": None}
        _write_splits(dataset, tokenize, directory)
    described["splits"] = list(dataset.splits)
    (directory / "encoding.json").write_text(json.dumps(described))


def _write_words(architecture: BiLSTM, max_tokens: int, dataset: Dataset, directory: Path) -> None:
    """Ids of the words in use, counted from 2 in the order in which they are met, and their vectors."""
    from store.text import basic_english
    from trainer.vectors import load_vectors

    vectors = load_vectors(architecture.vectors)
    row_of_word: dict[str, int] = {}

    def number(word: str) -> int:
        return row_of_word.setdefault(word, len(row_of_word) + 2) if word in vectors.index else UNKNOWN

    def tokenize(texts: list[str]) -> Iterator[list[int]]:
        return ([number(word) for word in basic_english(text)[:max_tokens]] for text in texts)

    _write_splits(dataset, tokenize, directory)
    rows = [vectors.index[word] for word in row_of_word]
    matrix_VD = np.concatenate([[padding_vector(vectors), vectors.mean_D], vectors.matrix_VD[rows]])
    np.save(directory / "vectors.npy", matrix_VD.astype(np.float32))


def _write_splits(dataset: Dataset, tokenize: Tokenize, directory: Path) -> None:
    for split, examples in dataset.splits.items():
        chunks, lengths = [], [0]
        for batch in examples.select(["text"]).to_batches(_CHUNK):
            for ids in tokenize(batch["text"].to_pylist()):
                chunks.append(np.asarray(ids, dtype=np.int32))
                lengths.append(len(ids))
        np.save(directory / f"{split}.ids.npy", np.concatenate(chunks))
        np.save(directory / f"{split}.offsets.npy", np.cumsum(lengths, dtype=np.int64))
        np.save(directory / f"{split}.gold.npy", _gold(dataset, split))


def _gold(dataset: Dataset, split: Split) -> NDArray[np.bool_]:
    """The gold labels [N, C]."""
    class_ids = dataset.splits[split]["class_ids"].combine_chunks()
    gold_NC = np.zeros((len(class_ids), len(dataset.class_names)), dtype=np.bool_)
    counts = class_ids.value_lengths().to_numpy(zero_copy_only=False)
    gold_NC[np.repeat(np.arange(len(class_ids)), counts), class_ids.flatten().to_numpy(zero_copy_only=False)] = True
    return gold_NC


def _rename(aside: Path, directory: Path) -> None:
    """Give a finished directory its name; when another process was quicker, its copy is as good."""
    try:
        aside.rename(directory)
    except OSError:
        if not (directory / "encoding.json").exists():
            raise
