"""One side of a made-up comparison: its runs' predictions on a split, their votes, and how right each of them is.

Shapes: R runs, N examples, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from store.protocol import Task


@dataclass(frozen=True)
class Side:
    """The runs of one side on a split, and what each predicts."""

    task: Task
    gold_NC: NDArray[np.bool_]
    run_ids: Sequence[str]
    predicted_RNC: NDArray[np.bool_]

    @cached_property
    def votes_NC(self) -> NDArray[np.int16]:
        votes_NC: NDArray[np.int16] = self.predicted_RNC.sum(axis=0, dtype=np.int16)
        return votes_NC

    @cached_property
    def majority_NC(self) -> NDArray[np.bool_]:
        first_N = self.votes_NC.argmax(axis=1)
        majority_NC: NDArray[np.bool_] = np.arange(self.votes_NC.shape[1]) == first_N[:, None]
        if self.task == "multi_label":
            majority_NC = 2 * self.votes_NC > len(self.run_ids)
        return majority_NC

    @cached_property
    def on_all_R(self) -> NDArray[np.float64]:
        return self.effectiveness(np.ones(len(self.gold_NC), dtype=np.bool_))

    def effectiveness(self, chosen_N: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Accuracy or macro F1 of each run [R] on the chosen examples."""
        gold_NC = self.gold_NC[chosen_N]
        gold_C = _per_class(gold_NC)
        scores = []
        for run_NC in self.predicted_RNC:
            predicted_NC = run_NC[chosen_N]
            if self.task == "single_label":
                scores.append(np.count_nonzero(predicted_NC & gold_NC) / len(gold_NC))
            else:
                # A class that is neither gold nor predicted counts 0.
                both_C = np.maximum(_per_class(predicted_NC) + gold_C, 1)
                scores.append((2 * _per_class(predicted_NC & gold_NC) / both_C).mean())
        return np.array(scores)


def _per_class(labels_NC: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.bincount(np.nonzero(labels_NC)[1], minlength=labels_NC.shape[1])
