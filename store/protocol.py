"""The words and rules of the experimental protocol that every package shares.

Source: 'As easy as PIE' (2025), table 3 (pruners) and section 2 (majority labels).
"""

from dataclasses import dataclass
from typing import Literal

PROTOCOL_VERSION = 1
"""Part of every run's identity: raise it when a change makes runs incomparable."""

Task = Literal["single_label", "multi_label"]
Split = Literal["train", "validation", "test"]
Scoring = Literal["impact", "magnitude", "random"]
Schedule = Literal["iterative", "at_initialization"]
Tuning = Literal["weight_rewinding", "fine_tuning"]

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
UNPRUNED = "none"
"""The pruner of a run that is not pruned; its sparsity is 0."""

METRIC_OF_TASK: dict[Task, Literal["accuracy", "f1_macro"]] = {
    "single_label": "accuracy",
    "multi_label": "f1_macro",
}
"""What effectiveness means for each task (section 3)."""


@dataclass(frozen=True)
class Pruner:
    """A pruner is a scoring, a schedule and (when iterative) a tuning (table 3)."""

    name: str
    scoring: Scoring
    schedule: Schedule
    tuning: Tuning | None


PRUNERS: dict[str, Pruner] = {
    pruner.name: pruner
    for pruner in (
        Pruner("IIBP-WR", "impact", "iterative", "weight_rewinding"),
        Pruner("IIBP-FT", "impact", "iterative", "fine_tuning"),
        Pruner("IBP-AI", "impact", "at_initialization", None),
        Pruner("IMP-WR", "magnitude", "iterative", "weight_rewinding"),
        Pruner("IMP-FT", "magnitude", "iterative", "fine_tuning"),
        Pruner("MP-AI", "magnitude", "at_initialization", None),
        Pruner("IRP-FT", "random", "iterative", "fine_tuning"),
        Pruner("RP-AI", "random", "at_initialization", None),
    )
}
"""The eight pruners of the paper, in the order of its tables."""

WAITING = ("planned", "spooled")
"""The statuses of runs that are still to be published."""
