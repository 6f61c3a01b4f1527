"""Uncertainty over seeds against brute force and scipy, on random warehouses, and on cases to work out by eye."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.resampling import halves, resampled
from store.warehouse import Warehouse
from tests.analysis import uncertainty as expected
from tests.analysis.random_studies import random_study
from tests.analysis.test_against_numpy import VARIANT, assert_same, rows_of
from tests.analysis.test_by_eye import answer, side, single
from tests.warehouses import MadeUpStudy, insert, labels


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(numbers=st.lists(st.integers(0, 2**32 - 1), min_size=8, max_size=8))
def test_intervals_and_noise_are_what_brute_force_says(shared_warehouse: Warehouse, numbers: list[int]) -> None:
    cases = [random_study(number) for number in numbers]
    insert(shared_warehouse, *cases)
    chosen = {"dataset": [case.name for case in cases], **expected.PARAMS}
    for name, how_often, compute in (
        ("pie-rate-interval", "num_resamples", expected.pie_rate_interval),
        ("noise-floor", "num_repeats", expected.noise_floor),
        ("accuracy-interval", "num_resamples", expected.accuracy_interval),
    ):
        for split in ("train", "test"):
            found = rows_of(shared_warehouse, name, VARIANT, **chosen, split=[split], **{how_often: expected.REPEATS})
            for case in cases:
                assert_same(found.get(case.name, {}), compute(case, split), f"{name} of {case.name}, {split}")
    for split in ("train", "test"):
        how = {"measure": list(expected.MEASURES), "num_resamples": expected.REPEATS}
        found = rows_of(shared_warehouse, "readability-interval", (*VARIANT, "measure"), **chosen, split=[split], **how)
        for case in cases:
            assert_same(found.get(case.name, {}), expected.readability_interval(case, split), f"{case.name}, {split}")


def test_seeds_that_agree_leave_no_uncertainty(warehouse: Warehouse) -> None:
    gold = single(0, 0, 0, 0)
    runs = [*side("none", 0.0, gold, gold, gold, gold), *side("MP-AI", 0.5, *[single(1, 0, 0, 0)] * 4)]
    insert(warehouse, MadeUpStudy("calm", "single_label", {"test": gold}, runs))
    (row,) = answer(warehouse, "pie-rate-interval")
    assert (row["pie_rate"], row["pie_rate_low"], row["pie_rate_high"], row["pie_rate_std"]) == (0.25, 0.25, 0.25, 0)
    unpruned, pruned = answer(warehouse, "noise-floor")
    assert (unpruned["noise_floor_mean"], unpruned["pie_rate_mean"], unpruned["num_seeds_a_side"]) == (0, None, 2)
    assert (pruned["noise_floor_mean"], pruned["pie_rate_mean"], pruned["ratio"]) == (0, 0.25, None)
    difference = answer(warehouse, "accuracy-interval")[1]
    assert (difference["difference"], difference["difference_low"], difference["difference_high"]) == (-0.25,) * 3


def test_a_ratio_is_as_certain_as_the_seeds_agree(warehouse: Warehouse) -> None:
    gold, other = single(0, 0, 0, 0), single(0, 0, 0, 1)
    scores = {"test": {"gunning_fog": [1.0, 1.0, 2.0, 4.0]}}
    runs = [
        *side("none", 0.0, gold, gold),
        *side("MP-AI", 0.5, other, other),
        *side("MP-AI", 0.9, gold, gold),
        # A tie falls to class 0: the last example is a PIE only where seed 1 is drawn twice.
        *side("RP-AI", 0.5, single(0, 0, 1, 0), single(0, 0, 1, 1)),
    ]
    insert(warehouse, MadeUpStudy("scored", "single_label", {"test": gold}, runs, readability=scores))
    rows = answer(warehouse, "readability-interval", measure=["gunning_fog"], level=0.9)
    of = {(row["pruner"], row["sparsity"]): row for row in rows}
    sure, none, unsure = of["MP-AI", 0.5], of["MP-AI", 0.9], of["RP-AI", 0.5]
    assert (sure["ratio"], sure["ratio_low"], sure["ratio_high"], sure["num_without_pies"]) == (2, 2, 2, 0)
    assert (none["ratio"], none["ratio_low"], none["ratio_high"], none["num_without_pies"]) == (None, None, None, 1000)
    assert (unsure["ratio"], unsure["ratio_low"], unsure["ratio_high"]) == (1, 1, 1.5)
    for row in answer(warehouse, "readability", measure=["gunning_fog"]):
        if row["pruner"] != "mean":
            assert row["ratio"] == of[row["pruner"], row["sparsity"]]["ratio"]


def test_noise_is_what_two_seeds_make_of_each_other(warehouse: Warehouse) -> None:
    gold = single(0, 0)
    insert(warehouse, MadeUpStudy("noisy", "single_label", {"test": gold}, side("none", 0.0, gold, single(0, 1))))
    (row,) = answer(warehouse, "noise-floor")
    # The halves are seed 0 and seed 1, in either order: they differ on one of two examples.
    assert (row["noise_floor_mean"], row["noise_floor_std"], row["num_seeds_a_side"]) == (0.5, 0, 1)


def test_one_seed_has_no_halves_and_silent_runs_have_no_pies(warehouse: Warehouse) -> None:
    nothing = labels([[], []], 2)
    runs = [*side("none", 0.0, nothing), *side("MP-AI", 0.5, nothing), *side("MP-AI", 0.9, labels([[1], []], 2))]
    insert(warehouse, MadeUpStudy("one", "multi_label", {"test": nothing}, runs))
    assert [row["pie_rate"] for row in answer(warehouse, "pie-rate-interval")] == [0, 0.5]
    rows = answer(warehouse, "noise-floor")
    assert [row["pruner"] for row in rows] == ["none", "MP-AI", "MP-AI"]
    assert {(row["noise_floor_mean"], row["pie_rate_mean"]) for row in rows} == {(None, None)}


def test_the_same_random_seed_draws_the_same(warehouse: Warehouse) -> None:
    random = np.random.default_rng(0)
    gold = single(*[0] * 20)
    runs = [
        *side("none", 0.0, *(single(*random.integers(3, size=20)) for _ in range(70))),
        *side("MP-AI", 0.5, *(single(*random.integers(3, size=20)) for _ in range(70))),
    ]
    study = MadeUpStudy("seventy", "single_label", {"test": gold}, runs)
    insert(warehouse, study)
    for name, compute in (("pie-rate-interval", expected.pie_rate_interval), ("noise-floor", expected.noise_floor)):
        how_often = {"num_resamples" if name == "pie-rate-interval" else "num_repeats": expected.REPEATS}
        found = rows_of(warehouse, name, VARIANT, **expected.PARAMS, **how_often)["seventy"]
        assert_same(found, compute(study, "test"), name)
        other = rows_of(warehouse, name, VARIANT, level=0.8, random_seed=6, **how_often)["seventy"]
        assert other["MP-AI", 0.5] != found["MP-AI", 0.5]


def test_draws_take_each_seed_as_they_should() -> None:
    assert (resampled(7, 50, 1).sum(axis=1) == 7).all()
    one_RS, other_RS = halves(7, 50, 1)
    assert (one_RS.sum(axis=1) == 3).all() and (other_RS.sum(axis=1) == 3).all() and not (one_RS * other_RS).any()
    assert (one_RS + other_RS).mean(axis=0) == pytest.approx(np.full(7, 6 / 7), abs=0.15)
