"""When what happens in a run: how many epochs it has, after which it is pruned, at which its outputs are recorded.

Source: section 3.2 and appendix A.3 of the paper; PROTOCOL.md, "Pruning" and "What is recorded".
Epochs count from 0; -1 is the moment before the first one.
"""

from dataclasses import dataclass

from store.protocol import PRUNERS, UNPRUNED
from trainer.pruning.schedule import pruning_epochs
from trainer.settings import Recording

EXTRA_POINTS = (0.3, 0.6, 0.8)
"""Shares of the epochs at which unpruned runs are recorded too; the first is where influence is measured."""


@dataclass(frozen=True)
class Timeline:
    """The epochs of one run.

    `recorded` are those whose outputs are stored, `passes` those that end with a forward pass over the whole
    training set, `influence` those whose EL2N is stored.
    """

    num_epochs: int
    num_dense: int
    """How many epochs it shares with the unpruned run of its seed: none when pruned at initialization."""
    prunings: tuple[int, ...]
    recorded: frozenset[int]
    passes: frozenset[int]
    influence: frozenset[int]

    @property
    def last_epoch(self) -> int:
        return self.num_epochs - 1


def unpruned_points(epochs: int) -> frozenset[int]:
    """The recorded epochs of an unpruned run: the first, the last, and the one past 30, 60 and 80 % of the epochs."""
    return frozenset({0, epochs - 1} | {min(round(share * epochs), epochs - 1) for share in EXTRA_POINTS})


def timeline(pruner: str, epochs: int, recording: Recording) -> Timeline:
    """The timeline of a run of `epochs` (N) epochs between prunings."""
    points = unpruned_points(epochs)
    dense = frozenset(range(epochs)) if recording.el2n == "every_epoch" else points
    influence = frozenset[int]() if recording.el2n == "never" else dense
    if pruner == UNPRUNED:
        return Timeline(epochs, epochs, (), points, dense, influence)
    prunings = pruning_epochs(PRUNERS[pruner].schedule, epochs)
    if PRUNERS[pruner].schedule == "at_initialization":
        recorded = frozenset({*prunings, 0, epochs - 1})
        return Timeline(epochs, 0, prunings, recorded, recorded - {*prunings}, frozenset())
    num_epochs = epochs * (len(prunings) + 1)
    # The dense epochs are trained and measured as the unpruned run's, so that both can share them.
    recorded = frozenset({*prunings, 0, num_epochs - 1})
    return Timeline(num_epochs, epochs, prunings, recorded, dense | {num_epochs - 1}, frozenset())
