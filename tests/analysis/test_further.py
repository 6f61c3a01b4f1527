"""The further measures against scipy, scikit-learn and numpy, on random warehouses, and on cases to work out by eye."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from store.protocol import Split, Task
from store.warehouse import Warehouse, open_warehouse
from tests.analysis import further as expected
from tests.analysis.random_studies import random_study
from tests.analysis.test_against_numpy import assert_same, rows_of
from tests.analysis.test_by_eye import answer, side, single
from tests.warehouses import Labels, MadeUpRun, MadeUpStudy, insert, labels

MEASURES: list[tuple[str, str, dict[str, float], Callable[[MadeUpStudy, Split], expected.Answer]]] = [
    ("holste-pies", "example_id", {"share": expected.SHARE}, expected.holste_pies),
    ("class-impact", "class_id", {}, expected.class_impact),
    ("forgetting", "example_id", {}, expected.forgetting),
    ("data-map", "example_id", {}, expected.data_map),
]
LEVEL = 0.9


# A case is a number: there is nothing to make smaller.
@settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(numbers=st.lists(st.integers(0, 2**32 - 1), min_size=8, max_size=8))
def test_every_measure_is_what_scipy_and_numpy_say(shared_warehouse: Warehouse, numbers: list[int]) -> None:
    cases = [random_study(number) for number in numbers]
    insert(shared_warehouse, *cases)
    names = {"dataset": [case.name for case in cases]}
    splits: tuple[Split, ...] = ("train", "test")
    for split in splits:
        for name, key, params, compute in MEASURES:
            found = rows_of(shared_warehouse, name, ("pruner", "sparsity", key), **names, split=[split], **params)
            for case in cases:
                assert_same(found.get(case.name, {}), compute(case, split), f"{name} of {case.name}, {split}")


def test_holstes_pies_rank_the_classes_the_other_way_round(warehouse: Warehouse) -> None:
    gold = single(0, 0, 0, num_classes=3)
    one, other = [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]
    flat = [1.0, 1.0, 1.0]
    logits = {"none": [one, one, flat], "MP-AI": [one, other, flat]}
    runs = [
        MadeUpRun(pruner, 0.5 * (pruner != "none"), 0, {"test": gold}, logits={0: {"test": np.array(rows, dtype=np.float32)}})
        for pruner, rows in logits.items()
    ]  # fmt: skip
    insert(warehouse, MadeUpStudy("three", "single_label", {"test": gold}, runs))
    assert answer(warehouse, "holste-pies") == [], "5 % of three examples are none"
    (row,) = answer(warehouse, "holste-pies", share=0.34)
    assert (row["example_id"], row["rank_correlation"], row["is_pie"]) == (1, -1, False)
    assert len(answer(warehouse, "holste-pies", share=1)) == 2, "equal probabilities have no ranks"


def test_a_class_is_hit_where_it_loses_more_than_all(warehouse: Warehouse) -> None:
    gold = single(0, 0, 0, 1)
    runs = [*side("none", 0.0, gold, single(0, 0, 1, 1)), *side("MP-AI", 0.5, single(0, 0, 0, 0), single(0, 0, 0, 0))]
    insert(warehouse, MadeUpStudy("rare", "single_label", {"test": gold}, runs))
    frequent, rare = answer(warehouse, "class-impact")
    # Shifts of the rare class: 1 - 1 and 1 - 0.75 unpruned, 0 - 0.75 twice pruned.
    assert rare["impact"] == -0.75 - 0.125 and rare["p_value"] == pytest.approx(0.0903, abs=1e-4)
    assert frequent["unpruned_recall"] == pytest.approx(5 / 6)
    assert (frequent["pruned_recall"], frequent["num_examples"]) == (1, 3)
    assert [row["class_id"] for row in answer(warehouse, "class-impact", class_id=[1])] == [1]


def test_what_is_right_and_then_wrong_is_forgotten(warehouse: Warehouse) -> None:
    gold = single(0, 0, 0)
    # Right at epochs 0 and 2; never; always.
    course = [single(0, 1, 0), single(1, 1, 0), single(0, 1, 0)]
    run = MadeUpRun("none", 0.0, 0, {"test": course[2]}, 2, earlier={0: {"test": course[0]}, 1: {"test": course[1]}})
    insert(warehouse, MadeUpStudy("course", "single_label", {"test": gold}, [run]))
    rows = answer(warehouse, "forgetting")
    assert [(row["forgettings"], row["never_learnt"], row["unforgettable"]) for row in rows] == [
        (1, 0, 0), (0, 1, 0), (0, 0, 1)
    ]  # fmt: skip
    assert [row["correctness"] for row in answer(warehouse, "data-map")] == [2 / 3, 0, 1]
    assert [row["example_id"] for row in answer(warehouse, "data-map", example_id=[1])] == [1]


@pytest.fixture(scope="module")
def factors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, dict[Task, MadeUpStudy]]]:
    """A study of each task, whose PIEs depend on class, EL2N, readability and length."""
    made: dict[Task, MadeUpStudy] = {task: _study(task) for task in ("single_label", "multi_label")}
    with open_warehouse(tmp_path_factory.mktemp("factors") / "warehouse", create=True) as warehouse:
        insert(warehouse, *made.values())
        yield warehouse, made


def _study(task: Task) -> MadeUpStudy:
    """400 examples of 4 classes; class 3 has no PIE; of several labels, classes 1 and 2 go together."""
    random = np.random.default_rng(7)
    gold = {split: _gold(random, task) for split in ("train", "test")}
    scores = {
        split: {"gunning_fog": random.normal(10, 3, 400).tolist(), "num_tokens": random.integers(1, 300, 400).tolist()}
        for split in gold
    }
    el2n_N = random.random(400).astype(np.float32)
    pruned = {}
    for split, gold_NC in gold.items():
        fog_N, length_N = (np.array(scores[split][name]) for name in ("gunning_fog", "num_tokens"))
        odds_N = -4 + gold_NC[:, 0] + 2 * el2n_N * (split == "train") + 0.1 * fog_N + 0.2 * np.log2(length_N)
        pie_N = (random.random(400) < 1 / (1 + np.exp(-odds_N))) & ~gold_NC[:, 3]
        pruned[split] = np.where(pie_N[:, None], np.roll(gold_NC, 1, axis=1), gold_NC)
    runs = [MadeUpRun("none", 0.0, 0, gold, el2n_N=el2n_N), MadeUpRun("MP-AI", 0.5, 0, pruned)]  # type: ignore[arg-type]
    return MadeUpStudy(task, task, gold, runs, scores)  # type: ignore[arg-type]


def _gold(random: np.random.Generator, task: Task) -> Labels:
    if task == "single_label":
        return labels([[c] for c in random.choice(4, 400, p=[0.4, 0.3, 0.2, 0.1])], 4)
    drawn_NC = random.random((400, 4)) < [0.4, 0.3, 0.3, 0.1]
    drawn_NC[:, 2] = drawn_NC[:, 1]
    return np.where(drawn_NC.any(axis=1, keepdims=True), drawn_NC, [True, False, False, False])


def _expected(study: MadeUpStudy, split: Split) -> tuple[NDArray[np.bool_], expected.Answer]:
    unpruned, pruned = (run.predicted[split] for run in study.runs)
    kept_N = ~study.gold[split][:, 3]
    is_pie_N = (unpruned != pruned).any(axis=1)
    classes = [1, 2] if study.task == "single_label" else [0, 1]
    columns: dict[Any, NDArray[np.float64]] = {("class", c): study.gold[split][:, c] * 1.0 for c in classes}
    if split == "train":
        el2n_N = study.runs[0].el2n_N
        assert el2n_N is not None
        columns["influence_bin", None] = 1.0 + np.argsort(np.argsort(el2n_N, kind="stable")) // 20
    fog_N = np.array(study.readability[split]["gunning_fog"])[kept_N]
    columns = {key: values_N[kept_N] for key, values_N in columns.items()}
    columns["readability", None] = (fog_N - fog_N.mean()) / fog_N.std()
    columns["length", None] = np.log2(np.array(study.readability[split]["num_tokens"])[kept_N])
    return is_pie_N, expected.logistic(is_pie_N[kept_N], columns, LEVEL)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_the_logistic_model_is_what_scikit_learn_fits(
    factors: tuple[Warehouse, dict[Task, MadeUpStudy]], task: Task, split: Split
) -> None:
    warehouse, studies = factors
    asked = {"dataset": [task], "split": [split], "measure": "gunning_fog", "level": LEVEL}
    found = rows_of(warehouse, "pie-factors", ("term", "class_id"), **asked)[task]
    is_pie_N, terms = _expected(studies[task], split)
    without = {key: row["note"] for key, row in found.items() if row["coefficient"] is None}
    for key, row in terms.items():
        for column, value in row.items():
            close = pytest.approx(value, rel=1e-4, abs=1e-7) if isinstance(value, float) else value
            assert found[key][column] == close, f"{key}: {column}"
    assert found.keys() == terms.keys() | without.keys()
    assert "all or none" in without.pop(("class", 3))
    if task == "multi_label":
        assert "follows from the terms before it" in without.pop(("class", 2))
    if split == "test":
        assert "not stored" in without.pop(("influence_bin", None))
    assert not without
    assert {(row["num_examples"], row["num_pies"]) for row in found.values()} == {(400, int(is_pie_N.sum()))}


def test_a_sample_is_taken_and_what_cannot_be_fitted_is_said(
    factors: tuple[Warehouse, dict[Task, MadeUpStudy]], warehouse: Warehouse
) -> None:
    rows = answer(factors[0], "pie-factors", dataset=["multi_label"], max_examples=150)
    assert {row["num_examples"] for row in rows} == {150} and all(row["num_fitted"] <= 150 for row in rows)
    gold = single(*[0] * 30, *[1] * 30)
    # PIEs are the texts of even length, and those of more than 40 tokens; the longer the text, the surer.
    told = single(*[0] * 20, *[1] * 10, *[1] * 20, *[0] * 10)
    tokens = {"test": {"num_tokens": [*range(1, 31), *range(1, 31)]}}
    runs = [*side("none", 0.0, gold), *side("MP-AI", 0.5, told), *side("MP-AI", 0.9, gold)]
    insert(warehouse, MadeUpStudy("told", "single_label", {"test": gold}, runs, tokens))
    rows = answer(warehouse, "pie-factors", split=["test"])
    assert {(row["sparsity"], row["num_pies"]) for row in rows} == {(0.5, 20), (0.9, 0)}
    assert all(row["coefficient"] is None and row["note"] for row in rows)
    assert "can be told exactly" in next(row["note"] for row in rows if row["sparsity"] == 0.5)
