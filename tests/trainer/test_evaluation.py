"""Losses, scores and thresholds against torch, scikit-learn and brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score
from torch.nn import functional

from store.labels import predicted_labels
from store.protocol import Task
from trainer.evaluation import THRESHOLDS_T, best_threshold, loss, score

shapes = st.tuples(st.integers(1, 12), st.integers(2, 4))
outputs = shapes.flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float32, shape, elements=st.floats(-8, 8, width=32)), hnp.arrays(np.bool_, shape)
    )
)


def naive_f1(gold_NC: np.ndarray, predicted_NC: np.ndarray) -> float:
    """Macro F1 class by class; scikit-learn takes a millisecond for each of the hundred thresholds."""
    doubled = [
        2 * int((gold_N & predicted_N).sum()) for gold_N, predicted_N in zip(gold_NC.T, predicted_NC.T, strict=True)
    ]
    totals = [
        int(gold_N.sum() + predicted_N.sum()) for gold_N, predicted_N in zip(gold_NC.T, predicted_NC.T, strict=True)
    ]
    return sum(hits / total if total else 0.0 for hits, total in zip(doubled, totals, strict=True)) / len(totals)


def f1(gold_NC: np.ndarray, predicted_NC: np.ndarray) -> float:
    return float(f1_score(gold_NC, predicted_NC, average="macro", zero_division=0.0))


@settings(deadline=None, max_examples=50)
@given(outputs)
def test_the_threshold_is_the_lowest_of_those_with_the_best_macro_f1(case: tuple[np.ndarray, np.ndarray]) -> None:
    logits_NC, gold_NC = case
    scores = [naive_f1(gold_NC, predicted_labels(logits_NC, "multi_label", threshold)) for threshold in THRESHOLDS_T]
    found = best_threshold(logits_NC, gold_NC)
    assert scores[round(found * 100)] == pytest.approx(max(scores), abs=1e-12)
    assert all(value < max(scores) - 1e-12 for value in scores[: round(found * 100)])


@settings(deadline=None, max_examples=50)
@given(outputs, st.sampled_from(list(THRESHOLDS_T)))
def test_macro_f1_is_over_the_classes_of_the_dataset(case: tuple[np.ndarray, np.ndarray], threshold: float) -> None:
    logits_NC, gold_NC = case
    expected = f1(gold_NC, predicted_labels(logits_NC, "multi_label", threshold))
    assert score(logits_NC, gold_NC, "multi_label", threshold) == pytest.approx(expected)


def test_a_class_that_is_neither_gold_nor_predicted_counts_zero() -> None:
    logits_NC = np.array([[5.0, -5, -5], [5, 5, -5]], dtype=np.float32)
    gold_NC = np.array([[True, False, False], [True, True, False]])
    assert score(logits_NC, gold_NC, "multi_label", 0.5) == pytest.approx(2 / 3)


@given(outputs)
def test_accuracy_takes_the_lowest_class_on_a_tie(case: tuple[np.ndarray, np.ndarray]) -> None:
    logits_NC = np.round(case[0])
    gold_N = case[1].argmax(axis=1)
    gold_NC = np.eye(logits_NC.shape[1], dtype=np.bool_)[gold_N]
    assert score(logits_NC, gold_NC, "single_label", None) == pytest.approx((logits_NC.argmax(axis=1) == gold_N).mean())


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
@given(outputs)
def test_losses_are_those_of_torch(task: Task, case: tuple[np.ndarray, np.ndarray]) -> None:
    logits_NC, gold_NC = case
    logits = torch.from_numpy(logits_NC).double()
    if task == "single_label":
        gold_NC = np.eye(logits_NC.shape[1], dtype=np.bool_)[gold_NC.argmax(axis=1)]
        expected = functional.cross_entropy(logits, torch.from_numpy(gold_NC.argmax(axis=1)))
    else:
        expected = functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(gold_NC).double())
    assert loss(logits_NC, gold_NC, task) == pytest.approx(float(expected), rel=1e-9)
