"""Every question against an independent numpy computation, on random warehouses.

The warehouses have both tasks, ties, seeds that are missing on either side, examples for which nothing is
predicted, variants without any PIE, runs that are not published, and outputs of other epochs to be passed over.
"""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.question import ask
from analysis.questions import QUESTIONS
from store.protocol import Split, Task
from store.text import READABILITY_MEASURES
from store.warehouse import Warehouse
from tests.analysis import reference
from tests.warehouses import Labels, MadeUpRun, MadeUpStudy, insert

MEASURES = (*READABILITY_MEASURES, "num_tokens")
NUMBERS = itertools.count()
VARIANT = ("pruner", "sparsity")


def random_labels(
    random: np.random.Generator, task: Task, size: int, num_classes: int, near: Labels | None = None
) -> Labels:
    """Random labels; with `near`, those labels with a few examples drawn anew, so that majorities come about."""
    if task == "single_label":
        drawn_NC = np.eye(num_classes, dtype=np.bool_)[random.integers(num_classes, size=size)]
    else:
        drawn_NC = random.random((size, num_classes)) < random.choice([0.0, 0.3, 0.6])
    if near is None:
        return drawn_NC
    return np.where(random.random((size, 1)) < 0.6, near, drawn_NC)


@st.composite
def studies(draw: st.DrawFn) -> MadeUpStudy:
    task: Task = draw(st.sampled_from(["single_label", "multi_label"]))
    num_classes = draw(st.integers(2, 4))
    sizes: dict[Split, int] = {"train": draw(st.integers(1, 45)), "test": draw(st.integers(1, 6))}
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    gold = {split: random_labels(random, task, size, num_classes) for split, size in sizes.items()}
    base = {split: random_labels(random, task, size, num_classes, gold[split]) for split, size in sizes.items()}
    identical = draw(st.booleans())
    runs = []
    grid = [("none", 0.0), ("IMP-FT", 0.5), ("IMP-FT", 0.9), ("RP-AI", 0.5)]
    for pruner, sparsity in grid:
        for seed in draw(st.sets(st.integers(0, 4), max_size=5)):
            # `identical`: every run predicts the same, so that there is no PIE at all.
            predicted: dict[Split, Labels] = {
                split: base[split] if identical else random_labels(random, task, size, num_classes, base[split])
                for split, size in sizes.items()
            }
            if draw(st.integers(0, 9)) == 0:
                del predicted["train"]
            last_epoch = int(random.integers(0, 6))
            influence_epoch = min(int(np.round(0.3 * (last_epoch + 1))), last_epoch)
            el2n_N = random.random(sizes["train"]).astype(np.float32).round(1) if pruner == "none" else None
            status = draw(st.sampled_from(["published"] * 5 + ["failed", "retracted"]))
            runs.append(MadeUpRun(pruner, sparsity, seed, predicted, last_epoch, influence_epoch, el2n_N, status))
    scores = {
        split: {measure: random.normal(5, 3, size).round(2).tolist() for measure in READABILITY_MEASURES[:6]}
        for split, size in sizes.items()
    }
    return MadeUpStudy(f"random {next(NUMBERS)}", task, gold, runs, scores)


def rows_of(warehouse: Warehouse, name: str, key: tuple[str, ...], **filters: Any) -> dict[str, reference.Answer]:
    """A question's answer about the datasets, by dataset and the columns of the key."""
    question = QUESTIONS[name]
    found: dict[str, reference.Answer] = {}
    for row in ask(warehouse, question, question.params.model_validate(filters)).to_dicts():
        question.row.model_validate(row)
        answer = found.setdefault(row["dataset"], {})
        named = tuple(row[column] for column in key)
        assert named not in answer, f"{name} has two rows for {named}"
        answer[named] = row
    return found


def assert_same(found: reference.Answer, expected: reference.Answer, what: str) -> None:
    assert found.keys() == expected.keys(), what
    for key, row in expected.items():
        for column, value in row.items():
            close = pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            assert found[key][column] == close, f"{what}, {key}: {column}"


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases=st.lists(studies(), min_size=10, max_size=10))
def test_every_question_is_what_numpy_says(shared_warehouse: Warehouse, cases: list[MadeUpStudy]) -> None:
    insert(shared_warehouse, *cases)
    names = {"dataset": [case.name for case in cases]}
    splits: tuple[Split, ...] = ("train", "test")
    for split in splits:
        chosen = names | {"split": [split]}
        answers = {
            "pie-rate": (rows_of(shared_warehouse, "pie-rate", VARIANT, **chosen), reference.pie_rate),
            "pies": (rows_of(shared_warehouse, "pies", (*VARIANT, "example_id"), **chosen), reference.pies),
            "accuracy": (rows_of(shared_warehouse, "accuracy", VARIANT, **chosen), reference.accuracy),
            "accuracy-on-pies": (
                rows_of(shared_warehouse, "accuracy-on-pies", VARIANT, **chosen),
                reference.accuracy_on_pies,
            ),
            "class-distribution": (
                rows_of(shared_warehouse, "class-distribution", (*VARIANT, "class_id"), **chosen),
                reference.class_distribution,
            ),
        }
        for case in cases:
            for name, (found, expected) in answers.items():
                assert_same(found.get(case.name, {}), expected(case, split), f"{name} of {case.name}, {split}")
    bins = rows_of(shared_warehouse, "influence", (*VARIANT, "bin"), **names)
    measures = rows_of(shared_warehouse, "readability", (*VARIANT, "measure"), **names)
    for case in cases:
        assert_same(bins.get(case.name, {}), reference.influence(case), f"influence of {case.name}")
        assert_same(
            measures.get(case.name, {}), reference.readability(case, "test", MEASURES), f"readability of {case.name}"
        )
