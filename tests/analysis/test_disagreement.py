"""The measures of disagreement against numpy and scipy, on random warehouses, and on cases to work out by eye."""

from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.protocol import Split
from store.warehouse import Warehouse
from tests.analysis import disagreement as expected
from tests.analysis.random_studies import random_study
from tests.analysis.test_against_numpy import assert_same, rows_of
from tests.analysis.test_by_eye import answer, side, single
from tests.warehouses import MadeUpStudy, insert, labels

MEASURES: list[tuple[str, tuple[str, ...], Callable[[MadeUpStudy, Split], expected.Answer]]] = [
    ("flips", ("pruner", "sparsity", "seed"), expected.flips),
    ("disagreement", ("pruner", "sparsity"), expected.disagreement),
    ("cie", ("pruner", "sparsity", "example_id"), expected.cie),
    ("mcnemar", ("pruner", "sparsity"), expected.mcnemar),
    ("pie-overlap", ("pruner", "sparsity", "other_pruner", "other_sparsity"), expected.pie_overlap),
    ("pies-under-every-pruner", ("sparsity", "example_id"), expected.pies_under_every_pruner),
]


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(numbers=st.lists(st.integers(0, 2**32 - 1), min_size=8, max_size=8))
def test_every_measure_is_what_numpy_and_scipy_say(shared_warehouse: Warehouse, numbers: list[int]) -> None:
    cases = [random_study(number) for number in numbers]
    insert(shared_warehouse, *cases)
    names = {"dataset": [case.name for case in cases]}
    for split in ("train", "test"):
        for name, key, compute in MEASURES:
            found = rows_of(shared_warehouse, name, key, **names, split=[split])
            for case in cases:
                assert_same(found.get(case.name, {}), compute(case, split), f"{name} of {case.name}, {split}")
    found = rows_of(shared_warehouse, "el2n", ("pruner", "sparsity", "example_id", "epoch"), **names)
    for case in cases:
        assert_same(found.get(case.name, {}), expected.el2n(case), f"el2n of {case.name}")


def test_flips_are_changes_of_correctness_and_churn_is_all_changes(warehouse: Warehouse) -> None:
    gold = single(0, 0, 1, 2)
    #                                     lost, kept, won, wrong to wrong
    unpruned, pruned = single(0, 0, 0, 0), single(1, 0, 1, 1)
    runs = [*side("none", 0.0, unpruned), *side("MP-AI", 0.5, pruned)]
    insert(warehouse, MadeUpStudy("four", "single_label", {"test": gold}, runs))
    pair = answer(warehouse, "flips")[0]
    assert (pair["num_to_incorrect"], pair["num_to_correct"], pair["num_changed"]) == (1, 1, 3)
    assert (pair["flips"], pair["churn"], pair["label_loyalty"]) == (0.5, 0.75, 0.25)
    assert pair["p_value"] == 1.0 and pair["probability_loyalty"] is None
    whole = answer(warehouse, "disagreement")[0]
    assert whole["flips_std"] is None and whole["taxicab_mean"] == 1.5 and whole["num_modal_cies"] == 3
    assert [(row["example_id"], row["taxicab_distance"]) for row in answer(warehouse, "cie")] == [
        (0, 2),
        (2, 2),
        (3, 2),
    ]


def test_a_multi_label_prediction_is_right_as_a_whole_and_an_empty_one_may_be(warehouse: Warehouse) -> None:
    gold = labels([[], [0, 1], [2]], 3)
    unpruned = labels([[], [0], [2]], 3)  # right, wrong, right
    pruned = labels([[1], [0, 1], []], 3)  # wrong, right, wrong
    runs = [*side("none", 0.0, unpruned), *side("MP-AI", 0.5, pruned)]
    insert(warehouse, MadeUpStudy("sets", "multi_label", {"test": gold}, runs))
    pair = answer(warehouse, "flips")[0]
    assert (pair["num_to_incorrect"], pair["num_to_correct"], pair["num_changed"]) == (2, 1, 3)


def test_runs_that_predict_nothing_at_all_are_loyal_to_each_other(warehouse: Warehouse) -> None:
    nothing = labels([[], []], 2)
    runs = [*side("none", 0.0, nothing), *side("MP-AI", 0.5, nothing)]
    insert(warehouse, MadeUpStudy("silent", "multi_label", {"test": labels([[0], []], 2)}, runs))
    whole = answer(warehouse, "disagreement")[0]
    assert (whole["label_loyalty_mean"], whole["flips_mean"], whole["num_taxicab_cies"]) == (1, 0, 0)


def test_more_than_64_seeds_go_on_in_further_blocks(warehouse: Warehouse) -> None:
    random = np.random.default_rng(0)
    gold = single(0, 1, 2)
    unpruned = side("none", 0.0, *(single(*random.integers(3, size=3)) for _ in range(130)))
    pruned = side("MP-AI", 0.5, *(single(*random.integers(3, size=3)) for _ in range(130)))
    study = MadeUpStudy("many", "single_label", {"test": gold}, [*unpruned, *pruned])
    insert(warehouse, study)
    assert_same(
        rows_of(warehouse, "flips", ("pruner", "sparsity", "seed"))["many"], expected.flips(study, "test"), "flips"
    )


def test_overlap_counts_common_pies_in_both_orders_and_every_pruner_must_agree(warehouse: Warehouse) -> None:
    gold = single(0, 0, 0, 0)
    runs = [
        *side("none", 0.0, gold),
        *side("IMP-FT", 0.5, single(1, 1, 0, 0)),  # PIEs 0, 1
        *side("RP-AI", 0.5, single(0, 1, 1, 1)),  # PIEs 1, 2, 3
        *side("MP-AI", 0.9, gold),  # no PIE
    ]
    insert(warehouse, MadeUpStudy("overlap", "single_label", {"test": gold}, runs))
    rows = {(row["pruner"], row["other_pruner"]): row for row in answer(warehouse, "pie-overlap")}
    assert len(rows) == 6 and rows["IMP-FT", "RP-AI"]["jaccard"] == rows["RP-AI", "IMP-FT"]["jaccard"] == 0.25
    assert rows["IMP-FT", "MP-AI"]["jaccard"] == 0
    assert len(answer(warehouse, "pie-overlap", other_pruner=["RP-AI"], sparsity=[0.9])) == 1
    # Of sparsity 0.9 there is one pruner, which has no PIE.
    (row,) = answer(warehouse, "pies-under-every-pruner")
    assert (row["sparsity"], row["num_pruners"], row["example_id"]) == (0.5, 2, 1)
    assert len(answer(warehouse, "pies-under-every-pruner", pruner=["RP-AI"])) == 3
