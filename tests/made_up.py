"""Small made-up datasets and runs, for tests of what happens to them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from store.dataset import EXAMPLES_SCHEMA, Dataset
from store.identity import RunConfig
from store.protocol import Split, Task
from store.spool import MaskRow, RunSummary, RunWriter

SIZES: Mapping[Split, int] = {"train": 20, "validation": 6, "test": 10}


def made_up_dataset(
    name: str = "tiny", task: Task = "single_label", num_classes: int = 3, sizes: Mapping[Split, int] = SIZES
) -> Dataset:
    """A dataset of sentences; example i of a split has class i modulo the number of classes (and 0, multi-label)."""
    splits = {split: made_up_examples(task, num_classes, size) for split, size in sizes.items()}
    return Dataset(name, task, tuple(f"class {number}" for number in range(num_classes)), splits)


def made_up_examples(task: Task, num_classes: int, size: int) -> pa.Table:
    """The examples of one split of `made_up_dataset`."""
    gold = [sorted({number % num_classes} | ({0} if task == "multi_label" else set())) for number in range(size)]
    texts = [f"Sentence number {number} is short, and made up." for number in range(size)]
    return pa.table({"text": texts, "class_ids": gold}, schema=EXAMPLES_SCHEMA)


def run_config(dataset: Dataset, pruner: str = "none", sparsity: float = 0.0, seed: int = 0) -> RunConfig:
    """The configuration of a run on a dataset, of one recipe throughout."""
    return RunConfig(dataset.name, dataset.digest, "bilstm", pruner, sparsity, seed, {"epochs": 2})


def spool_run(spool: Path, dataset: Dataset, config: RunConfig, splits: Sequence[Split] = ("train", "test")) -> Path:
    """Spool a run of two epochs with random outputs, drawn from its own identity; returns where it lies."""
    writer = RunWriter(spool, config, study="made up", task=dataset.task)
    random = np.random.default_rng(int(config.run_id, 16))
    threshold = 0.5 if dataset.task == "multi_label" else None
    for epoch in (0, 1):
        for split in splits:
            logits_NC = random.normal(size=(len(dataset.splits[split]), len(dataset.class_names)))
            writer.record_outputs(split, epoch, logits_NC, threshold=threshold, keep_logits=split == "test")
        writer.record_el2n(epoch, random.random(len(dataset.splits["train"])))
        writer.record_metrics(epoch, {("train", "loss"): 1 / (epoch + 1), ("test", "loss"): 1.5 / (epoch + 1)})
    writer.record_masks(0, -1, [MaskRow("weight", (2, 3), 6, 3, 0.25, "0" * 64)])
    return writer.finish(RunSummary(last_epoch=1, threshold=threshold, num_parameters=8, num_prunable=6, num_pruned=3))
