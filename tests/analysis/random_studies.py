"""Random studies with logits and recorded epochs, for the measures of disagreement and their independent computations.

They have both tasks, ties, seeds that either side lacks, runs without logits, examples for which nothing is predicted, and
variants that predict just what the unpruned one does.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from store.protocol import Split, Task
from tests.warehouses import Labels, MadeUpRun, MadeUpStudy

_NUMBERS = itertools.count()
GRID = [("IMP-FT", 0.5), ("IMP-FT", 0.9), ("RP-AI", 0.5)]


def predicted_of(logits_NC: NDArray[np.float32], task: Task) -> Labels:
    """The largest logit's class, or the classes whose logits are above 0."""
    if task == "multi_label":
        return logits_NC > 0
    return np.eye(logits_NC.shape[1], dtype=np.bool_)[logits_NC.argmax(axis=1)]


def random_study(number: int) -> MadeUpStudy:
    """The study of a number, of at most 5 seeds a variant; its test split has logits, its training split EL2N."""
    random = np.random.default_rng(number)
    task: Task = "single_label" if random.random() < 0.5 else "multi_label"
    num_classes, sizes = (
        int(random.integers(2, 5)),
        {"train": int(random.integers(1, 9)), "test": int(random.integers(1, 30))},
    )
    base: dict[Split, NDArray[np.float32]] = {
        "train": _logits(random, sizes["train"], num_classes), "test": _logits(random, sizes["test"], num_classes)
    }  # fmt: skip
    gold = {
        split: predicted_of(logits_NC + random.normal(size=logits_NC.shape), task) for split, logits_NC in base.items()
    }
    runs = list(_runs(random, task, base, "none", 0.0, noise=1.0))
    for pruner, sparsity in GRID:
        noise = float(random.choice([0.0, 1.5, 4.0]))
        runs += (
            _copies(runs, pruner, sparsity) if noise == 0 else _runs(random, task, base, pruner, sparsity, noise=noise)
        )
    return MadeUpStudy(f"random {number} {next(_NUMBERS)}", task, gold, runs)


def _logits(random: np.random.Generator, size: int, num_classes: int) -> NDArray[np.float32]:
    return random.normal(0, 2, (size, num_classes)).astype(np.float32)


def _copies(runs: list[MadeUpRun], pruner: str, sparsity: float) -> Iterator[MadeUpRun]:
    for run in runs:
        if run.pruner == "none":
            yield MadeUpRun(
                pruner, sparsity, run.seed, run.predicted, run.last_epoch, earlier=run.earlier, logits=run.logits
            )


def _runs(
    random: np.random.Generator, task: Task, base: dict[Split, NDArray[np.float32]], pruner: str, sparsity: float, *, noise: float
) -> Iterator[MadeUpRun]:  # fmt: skip
    last_epoch = int(random.integers(0, 6))
    epochs = sorted({last_epoch, *random.integers(0, last_epoch + 1, size=3).tolist()})
    for seed in range(5):
        if random.random() < 0.2:
            continue
        # One run may have recorded fewer epochs than the others.
        own = [epoch for epoch in epochs if epoch == last_epoch or random.random() < 0.9]
        logits = {
            epoch: {split: (x + random.normal(0, noise, x.shape)).astype(np.float32) for split, x in base.items()}
            for epoch in own
        }
        predicted = {epoch: {split: predicted_of(x, task) for split, x in of.items()} for epoch, of in logits.items()}
        kept = {epoch: {"test": of["test"]} for epoch, of in logits.items()} if random.random() < 0.8 else {}
        el2n_N = random.random(len(base["train"])).astype(np.float32) if pruner == "none" else None
        influence_epoch = min(int(np.round(0.3 * (last_epoch + 1))), last_epoch)
        status = "published" if random.random() < 0.9 else "retracted"
        yield MadeUpRun(
            pruner,
            sparsity,
            seed,
            predicted.pop(last_epoch),
            last_epoch,
            influence_epoch,
            el2n_N,
            status,
            predicted,
            kept,
        )
