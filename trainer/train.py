"""Training one run, from its first step or from a checkpoint, as a stream of records.

Source: section 3 of the paper; PROTOCOL.md, "Pruning" and "Models and training".
"""

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from store.identity import RunConfig
from store.labels import el2n
from store.protocol import METRIC_OF_TASK, Split
from store.spool import RunSummary
from trainer.encoding import EncodedDataset
from trainer.evaluation import best_threshold, loss, score
from trainer.learner import BuildModel, Learner
from trainer.models import num_parameters
from trainer.pruning.masks import num_pruned
from trainer.records import Checkpoint, El2n, Finished, Key, Masks, Metrics, Outputs, Record, named_for
from trainer.settings import Training
from trainer.timeline import Timeline, timeline


def train(
    config: RunConfig,
    data: EncodedDataset,
    build: BuildModel,
    *,
    device: torch.device | str = "cpu",
    start: Checkpoint | None = None,
) -> Iterator[Record]:
    """Train a run and yield what it records; each epoch ends with a Checkpoint, the last one after Finished.

    From a `start` on, the records and the results are those of the undisturbed run, to the bit. A checkpoint of
    an unpruned run is also one of every iterative run of its seed. Raises Diverged when a loss is not finite.
    """
    times = timeline(config.pruner, Training.of(config).epochs, Training.of(config).record)
    learner = Learner(config, data, build, torch.device(device))
    if start:
        learner.restore(start.state)
    for epoch in range(start.epoch + 1 if start else 0, times.num_epochs):
        if epoch - 1 in times.prunings:
            yield from _prune(learner, times, epoch - 1)
        mean_loss, steps_NC = yield from learner.train_epoch(epoch)
        measured = Measured(learner, times, epoch, steps_NC, full_pass=epoch in times.passes)
        values: dict[Key, float] = {("train", "loss"): mean_loss}
        yield Metrics(epoch, named_for(times, epoch, values | measured.metrics()))
        if epoch in times.recorded and epoch not in times.prunings:
            yield from measured.outputs()
        if epoch in times.influence:
            yield measured.el2n()
        if epoch == times.last_epoch:
            yield Finished(_summary(learner, epoch, measured.threshold))
        yield Checkpoint(epoch, learner.capture())


def _prune(learner: Learner, times: Timeline, epoch: int) -> Iterator[Record]:
    """Prune after an epoch, record the model as that leaves it, then prepare it for the epochs that follow."""
    pruning = times.prunings.index(epoch)
    yield Masks(pruning, epoch, learner.prune(pruning, len(times.prunings), epoch))
    measured = Measured(learner, times, epoch, None, full_pass=True)
    yield Metrics(epoch, measured.metrics())
    yield from measured.outputs()
    learner.tune()


class Measured:
    """The model's outputs at one moment, each split passed through it at most once."""

    def __init__(
        self, learner: Learner, times: Timeline, epoch: int, steps_NC: NDArray[np.float32] | None, *, full_pass: bool
    ) -> None:
        self._learner, self._data, self._epoch = learner, learner.data, epoch
        self._recording = learner.training.record
        self._logits: dict[Split, NDArray[np.float32]] = {}
        if full_pass:
            self._logits["train"] = learner.predict("train", epoch)
        # Where the training set is not passed through the model for its own sake, its logits at the
        # epoch's steps, which cost nothing, serve for the threshold.
        thresholded = self._logits.get("train", steps_NC)
        self.threshold: float | None = None
        if self._data.task == "multi_label" and thresholded is not None:
            self.threshold = best_threshold(thresholded, self._data.splits["train"].gold_NC)
        if full_pass or epoch in times.recorded or self._recording.metrics == "every_epoch":
            for split in self._evaluated():
                self._logits[split] = learner.predict(split, epoch)

    def metrics(self) -> dict[Key, float]:
        """Loss and score of each split that was passed through the model, and the threshold in force."""
        values: dict[Key, float] = {}
        for split, logits_NC in self._logits.items():
            gold_NC, task = self._data.splits[split].gold_NC, self._data.task
            if split != "train":
                values[split, "loss"] = loss(logits_NC, gold_NC, task)
            values[split, METRIC_OF_TASK[task]] = score(logits_NC, gold_NC, task, self.threshold)
        if self.threshold is not None:
            values["train", "threshold"] = self.threshold
        return values

    def outputs(self) -> Iterator[Outputs]:
        """The outputs that are stored."""
        yield Outputs("test", self._epoch, self._logits["test"], self.threshold)
        if self._recording.train_predictions:
            yield Outputs("train", self._epoch, self._logits["train"], self.threshold)

    def el2n(self) -> El2n:
        """EL2N of the training examples."""
        return El2n(self._epoch, el2n(self._logits["train"], self._data.splits["train"].gold_NC, self._data.task))

    def _evaluated(self) -> list[Split]:
        splits: list[Split] = ["validation", "test"] if self._recording.validation else ["test"]
        return [split for split in splits if split in self._data.splits]


def _summary(learner: Learner, epoch: int, threshold: float | None) -> RunSummary:
    return RunSummary(
        last_epoch=epoch,
        threshold=threshold,
        num_parameters=num_parameters(learner.model),
        num_prunable=sum(tensor.numel() for tensor in learner.masked.tensors.values()),
        num_pruned=num_pruned(learner.masked.masks),
        versions=software(learner),
    )


def software(learner: Learner) -> Mapping[str, str]:
    """What trained the run: versions of the software, and the kind of device."""
    packages = {name: version(name) for name in ("pie-store", "torch", "transformers", "numpy")}
    device: Any = next(learner.model.parameters()).device
    return packages | {"python": platform.python_version(), "device": str(device.type)}
