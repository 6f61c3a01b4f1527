"""What logits are worth: loss, score, and the threshold that turns probabilities into label sets.

Shapes: N examples, C classes, T thresholds.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from store.labels import predicted_labels, probabilities
from store.protocol import Task

THRESHOLDS_T = np.arange(100) / 100
"""The thresholds that a multi-label run chooses from: 0.00, 0.01 .. 0.99."""

Logits = NDArray[np.float32]
Gold = NDArray[np.bool_]


def loss(logits_NC: Logits, gold_NC: Gold, task: Task) -> float:
    """Mean cross-entropy (single-label), or mean binary cross-entropy over examples and classes (multi-label)."""
    logits_NC = logits_NC.astype(np.float64)
    if task == "single_label":
        return float(-log_softmax(logits_NC, axis=1)[gold_NC].mean())
    return float(np.logaddexp(0, np.where(gold_NC, -logits_NC, logits_NC)).mean())


def score(logits_NC: Logits, gold_NC: Gold, task: Task, threshold: float | None) -> float:
    """Accuracy (single-label) or macro F1 (multi-label) of the predicted labels."""
    predicted_NC = predicted_labels(logits_NC, task, threshold)
    if task == "single_label":
        return float(predicted_NC[gold_NC].mean())
    hits_C = (predicted_NC & gold_NC).sum(axis=0)
    return float(_f1(hits_C, predicted_NC.sum(axis=0), gold_NC.sum(axis=0)).mean())


def best_threshold(logits_NC: Logits, gold_NC: Gold) -> float:
    """The threshold with the best macro F1 on these outputs, the lowest on a tie (PROTOCOL.md, "Models and training")."""
    num_classes = gold_NC.shape[1]
    # A class is predicted at every threshold below its probability: count those, then the predictions at each threshold.
    num_below_NC = np.searchsorted(THRESHOLDS_T, probabilities(logits_NC, "multi_label"), side="left")
    cells_NC = num_below_NC + np.arange(num_classes) * (len(THRESHOLDS_T) + 1)

    def predicted_at(cells: NDArray[np.intp]) -> NDArray[np.intp]:
        counts_CT = np.bincount(cells, minlength=num_classes * (len(THRESHOLDS_T) + 1)).reshape(num_classes, -1)
        return np.ascontiguousarray(counts_CT[:, ::-1].cumsum(axis=1)[:, -2::-1].T)

    predicted_TC, hits_TC = predicted_at(cells_NC.ravel()), predicted_at(cells_NC[gold_NC])
    f1_T = _f1(hits_TC, predicted_TC, gold_NC.sum(axis=0)).mean(axis=1)
    return float(THRESHOLDS_T[np.argmax(f1_T)])


def _f1(hits: NDArray[np.intp], predicted: NDArray[np.intp], gold: NDArray[np.intp]) -> NDArray[np.float64]:
    """F1 of each class; 0 for a class without gold and predicted examples."""
    f1: NDArray[np.float64] = 2 * hits / np.maximum(predicted + gold, 1)
    return f1
