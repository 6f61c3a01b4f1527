"""From logits to probabilities to predicted labels: one definition for every writer and reader.

Shapes: N examples, C classes.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from store.protocol import Task


def probabilities(logits_NC: NDArray[np.floating], task: Task) -> NDArray[np.float64]:
    """Predicted probabilities [N, C]: softmax (single-label) or sigmoid (multi-label), in float64."""
    logits_NC = np.asarray(logits_NC, dtype=np.float64)
    probabilities_NC: NDArray[np.float64] = softmax(logits_NC, axis=1) if task == "single_label" else expit(logits_NC)
    return probabilities_NC


def predicted_labels(logits_NC: NDArray[np.floating], task: Task, threshold: float | None = None) -> NDArray[np.bool_]:
    """Predicted labels [N, C] as booleans.

    Single-label: the class with the largest logit, the lowest class on a tie. Multi-label: the classes
    whose probability is above `threshold`, possibly none.
    """
    if task == "multi_label":
        assert threshold is not None, "a multi-label prediction needs a threshold"
        return probabilities(logits_NC, task) > threshold
    labels_NC = np.zeros(logits_NC.shape, dtype=np.bool_)
    labels_NC[np.arange(len(logits_NC)), np.argmax(logits_NC, axis=1)] = True
    return labels_NC


def el2n(logits_NC: NDArray[np.floating], gold_NC: NDArray[np.bool_], task: Task) -> NDArray[np.float32]:
    """EL2N of each example [N]: the L2 distance of the probabilities from the gold labels (Paul et al. 2021)."""
    el2n_N: NDArray[np.float64] = np.linalg.norm(probabilities(logits_NC, task) - gold_NC, axis=1)
    return el2n_N.astype(np.float32)
