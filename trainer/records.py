"""What training yields, record by record. A record knows nothing of spools and warehouses.

Shapes: N examples of the split, C classes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.protocol import Split
from store.spool import MaskRow, RunSummary, RunWriter
from trainer.timeline import Timeline

Key = tuple[Split, str]


@dataclass(frozen=True)
class Outputs:
    """The logits [N, C] of every example of a split, as the model stands after `epoch` and its pruning, if it had one."""

    split: Split
    epoch: int
    logits_NC: NDArray[np.float32]
    threshold: float | None


@dataclass(frozen=True)
class El2n:
    """EL2N of every training example [N] after an epoch."""

    epoch: int
    el2n_N: NDArray[np.float32]


@dataclass(frozen=True)
class Metrics:
    """Losses and scores after an epoch, by split and name."""

    epoch: int
    values: Mapping[Key, float]


@dataclass(frozen=True)
class Masks:
    """What a pruning left of each tensor."""

    pruning: int
    epoch: int
    rows: tuple[MaskRow, ...]


@dataclass(frozen=True)
class Progress:
    """How far an epoch is, in training batches."""

    epoch: int
    num_done: int
    num_batches: int


@dataclass(frozen=True)
class Checkpoint:
    """The end of an epoch, and all that is needed to go on from it.

    The tensors in `state` are those that train on: save them before asking for the next record.
    """

    epoch: int
    state: Mapping[str, Any]


@dataclass(frozen=True)
class Finished:
    """The end of the run."""

    summary: RunSummary


Record = Outputs | El2n | Metrics | Masks | Progress | Checkpoint | Finished
Kept = Outputs | El2n | Metrics | Masks | Finished
"""The records that make up a run; the others only say how it goes."""

BEFORE_PRUNING = "_before_pruning"
"""Ends the name of a metric that was measured after the epoch but before its pruning."""


def inherited(records: Iterable[Kept], timeline: Timeline) -> Iterator[Kept]:
    """What an iterative run has of its dense epochs, from the records of the unpruned run of its seed."""
    for record in records:
        match record:
            case Outputs(epoch=epoch) if epoch in timeline.recorded and epoch not in timeline.prunings:
                yield record
            case Metrics(epoch=epoch, values=values):
                yield replace(record, values=named_for(timeline, epoch, values))


def named_for(timeline: Timeline, epoch: int, values: Mapping[Key, float]) -> dict[Key, float]:
    """Metrics measured after an epoch, under the names they have in this run.

    The plain names belong to the state whose outputs are recorded, which is the pruned one. The training loss
    is of the epoch itself and keeps its name.
    """
    if epoch not in timeline.prunings:
        return dict(values)
    return {key if key == ("train", "loss") else (key[0], key[1] + BEFORE_PRUNING): values[key] for key in values}


def write_run(records: Iterable[Kept], writer: RunWriter, *, keep_logits: bool) -> Mapping[Key, float]:
    """Spool a whole run from its records, in their order; returns the metrics of its last epoch."""
    metrics: dict[int, dict[Key, float]] = {}
    summary = None
    for record in records:
        match record:
            case Outputs(split, epoch, logits_NC, threshold):
                keep = keep_logits and split == "test"
                writer.record_outputs(split, epoch, logits_NC, threshold=threshold, keep_logits=keep)
            case El2n(epoch, el2n_N):
                writer.record_el2n(epoch, el2n_N)
            case Masks(pruning, epoch, rows):
                writer.record_masks(pruning, epoch, rows)
            case Metrics(epoch, values):
                metrics.setdefault(epoch, {}).update(values)
            case Finished():
                summary = record.summary
    for epoch, values in metrics.items():
        writer.record_metrics(epoch, values)
    assert summary is not None, "the records of a run end with Finished"
    writer.finish(summary)
    return metrics[summary.last_epoch]
