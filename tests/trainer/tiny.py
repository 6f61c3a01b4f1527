"""Tiny data, models and studies that train in a fraction of a second."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from store.identity import RunConfig
from store.protocol import PRUNERS, Split, Task
from trainer.encoding import EncodedDataset, EncodedSplit
from trainer.learner import BuildModel
from trainer.models import build_model
from trainer.records import Checkpoint, Progress, Record
from trainer.study import Study

SIZES: Mapping[Split, int] = {"train": 40, "validation": 9, "test": 14}
NUM_CLASSES, NUM_WORDS, MAX_TOKENS = 3, 30, 6
WORDS = ["sentence", "number", "is", "short", ",", "and", "made", "up", ".", *map(str, range(40))]


def tiny_data(task: Task = "single_label", sizes: Mapping[Split, int] = SIZES) -> EncodedDataset:
    """Random ids with gold labels that depend on them, so that there is something to learn, and random vectors."""
    random = np.random.default_rng(0)
    splits = {split: _split(random, task, size) for split, size in sizes.items()}
    vectors_VD = random.normal(size=(NUM_WORDS, 5)).astype(np.float32)
    return EncodedDataset(task, NUM_CLASSES, splits, padding_id=0, fixed_length=MAX_TOKENS, vectors_VD=vectors_VD)


def tiny_study(**changes: Any) -> Study:
    """A study of all pruners on a BiLSTM of a few hundred weights."""
    values = {
        "name": "tiny",
        "dataset": "tiny",
        "architecture": {"name": "bilstm", "hidden_size": 4, "head_sizes": (6, 5)},
        "pruners": tuple(PRUNERS),
        "sparsities": (0.6,),
        "seeds": (0,),
        "epochs": 2,
        "batch_size": 16,
        "learning_rate": 0.02,
        "max_tokens": MAX_TOKENS,
    }
    return Study.model_validate(values | changes)


def tiny_configs(study: Study) -> dict[str, RunConfig]:
    """The configurations of a study by pruner (the last of each), with stand-ins for what its data are."""
    return {config.pruner: config for config in study.planned_configs()}


def tiny_model(study: Study, data: EncodedDataset) -> BuildModel:
    """What builds the study's model."""
    return partial(build_model, study.architecture, data)


def results(records: list[Record]) -> list[Record]:
    """The records that make up a run: what it goes through is left out."""
    return [record for record in records if not isinstance(record, Checkpoint | Progress)]


def write_vectors(path: Path) -> Path:
    """Vectors in GloVe's format for the words of `tests.made_up`."""
    random = np.random.default_rng(0)
    lines = [f"{word} {' '.join(f'{value:.4f}' for value in random.normal(size=5))}" for word in WORDS]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def write_study(path: Path, vectors: Path, **changes: Any) -> Path:
    """A study file on `tests.made_up.made_up_dataset`, with `changes` to its plain keys."""
    values: dict[str, Any] = {
        "name": "tiny",
        "dataset": "tiny",
        "pruners": ["IMP-WR", "RP-AI"],
        "sparsities": [0.6],
        "num_seeds": 2,
        "epochs": 2,
        "batch_size": 8,
        "learning_rate": 0.02,
        "max_tokens": 10,
    }
    lines = [f"{key} = {_toml(value)}" for key, value in (values | changes).items()]
    architecture = [
        "[architecture]",
        'name = "bilstm"',
        f'vectors = "{vectors}"',
        "hidden_size = 4",
        "head_sizes = [6, 5]",
    ]
    path.write_text("\n".join([*lines, *architecture]) + "\n", "utf-8")
    return path


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def _split(random: np.random.Generator, task: Task, size: int) -> EncodedSplit:
    lengths = random.integers(1, MAX_TOKENS + 1, size)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    ids = random.integers(2, NUM_WORDS, offsets[-1]).astype(np.int32)
    gold_NC = np.zeros((size, NUM_CLASSES), dtype=np.bool_)
    gold_NC[np.arange(size), ids[offsets[:-1]] % NUM_CLASSES] = True
    if task == "multi_label":
        gold_NC |= random.random(gold_NC.shape) < 0.2
    return EncodedSplit(ids, offsets, gold_NC)
