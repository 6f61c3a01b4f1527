"""Texts as token ids, kept on disk: encoded once for a dataset and tokenizer, then memory-mapped by every worker.

A split's ids lie one after the other in `<split>.ids.npy` (int32), and `<split>.offsets.npy` says where each
example's begin. Nothing else of a text is kept in memory while training.
Shapes: N examples, C classes, V vectors, D dimensions.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.dataset import Dataset
from store.identity import digest_of
from store.protocol import Split, Task
from trainer.errors import StudyError
from trainer.fetch import cache_directory, made_once
from trainer.settings import BiLSTM
from trainer.study import Study
from trainer.tokens import tokens_of

ENCODING_FORMAT = 1


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

    def lengths_of(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """Number of tokens of some examples."""
        lengths_B: NDArray[np.int64] = self.offsets[rows + 1] - self.offsets[rows]
        return lengths_B


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


def _write(study: Study, dataset: Dataset, directory: Path) -> None:
    described: dict[str, Any] = {"task": dataset.task, "num_classes": len(dataset.class_names)}
    if isinstance(study.architecture, BiLSTM):
        from trainer.words import PADDING, word_ids

        described |= {"padding_id": PADDING, "fixed_length": study.max_tokens}
        splits, vectors_VD = word_ids(study.architecture, study.max_tokens, dataset)
        np.save(directory / "vectors.npy", vectors_VD)
    else:
        from trainer.pretrained import tokenizer

        tokenize, padding_id = tokenizer(study.architecture, study.max_tokens)
        described |= {"padding_id": padding_id, "fixed_length": None}
        splits = {split: tokens_of(dataset.splits[split], tokenize) for split in dataset.splits}
    for split, (ids, offsets) in splits.items():
        np.save(directory / f"{split}.ids.npy", ids)
        np.save(directory / f"{split}.offsets.npy", offsets)
        np.save(directory / f"{split}.gold.npy", dataset.gold(split))
    (directory / "encoding.json").write_text(json.dumps(described | {"splits": list(splits)}))
