"""What a worker tells the process that started it."""

from collections.abc import Mapping
from dataclasses import dataclass

from trainer.records import Key


@dataclass(frozen=True)
class Started:
    """A run is begun, or gone on with, on a machine and in a process that `where` names."""

    run_id: str
    where: str


@dataclass(frozen=True)
class Step:
    """Some of an epoch of a run is done; at its end `share` is 1. `dense` epochs are shared by the runs of a seed."""

    run_id: str
    epoch: int
    share: float
    dense: bool


@dataclass(frozen=True)
class DenseReady:
    """The dense epochs that a run shares with the others of its seed are trained."""

    run_id: str


@dataclass(frozen=True)
class Spooled:
    """A run is trained and lies in the spool."""

    run_id: str
    seconds: float
    metrics: Mapping[Key, float]


@dataclass(frozen=True)
class Failed:
    """A run cannot be trained; `dense` when this holds for all that share its first epochs, `exhausted` for want of memory."""

    run_id: str
    why: str
    dense: bool
    exhausted: bool = False


@dataclass(frozen=True)
class Skipped:
    """Another process is training the run."""

    run_id: str


@dataclass(frozen=True)
class Stopped:
    """The worker cannot go on with any run: the disk is full, say."""

    why: str


@dataclass(frozen=True)
class Ready:
    """The worker has started."""


RunEvent = Started | Step | DenseReady | Spooled | Failed | Skipped | Stopped
Event = RunEvent | Ready
