"""The questions on cases of two to six examples, whose answers can be worked out by eye."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from analysis.question import ask
from analysis.questions import QUESTIONS
from store.errors import NotFound
from store.warehouse import Warehouse
from tests.warehouses import Labels, MadeUpRun, MadeUpStudy, insert, labels


def answer(warehouse: Warehouse, name: str, **filters: Any) -> list[dict[str, Any]]:
    question = QUESTIONS[name]
    return ask(warehouse, question, question.params.model_validate(filters)).to_dicts()


def single(*predictions: int, num_classes: int = 3) -> Labels:
    """One predicted class for each example."""
    return labels([[prediction] for prediction in predictions], num_classes)


def side(pruner: str, sparsity: float, *predictions: Labels) -> list[MadeUpRun]:
    """A variant: the test predictions of seeds 0, 1, ..."""
    return [MadeUpRun(pruner, sparsity, seed, {"test": predicted}) for seed, predicted in enumerate(predictions)]


def test_majority_over_three_seeds(warehouse: Warehouse) -> None:
    #           example:      0  1  2  3
    gold = single(0, 1, 2, 2)
    unpruned = side("none", 0.0, single(0, 1, 2, 0), single(0, 1, 0, 0), single(1, 1, 2, 0))  # majority 0 1 2 0
    pruned = side("IMP-FT", 0.9, single(0, 0, 2, 2), single(0, 0, 1, 2), single(0, 1, 1, 2))  # majority 0 0 1 2
    insert(warehouse, MadeUpStudy("four", "single_label", {"test": gold}, [*unpruned, *pruned]))
    assert [(row["num_pies"], row["num_examples"], row["pie_rate"]) for row in answer(warehouse, "pie-rate")] == [
        (3, 4, 0.75)
    ]
    assert [
        (row["example_id"], row["class_ids"], row["unpruned_class_ids"], row["pruned_class_ids"], row["pruned_votes"])
        for row in answer(warehouse, "pies")
    ] == [(1, [1], [1], [0], [2, 1, 0]), (2, [2], [2], [1], [0, 2, 1]), (3, [2], [0], [2], [0, 0, 3])]
    on_pies = answer(warehouse, "accuracy-on-pies")[0]
    # Of PIEs 1, 2, 3 the unpruned majority has 1 and 2 right, the pruned one 3.
    assert on_pies["unpruned_on_pies"] == pytest.approx(2 / 3) and on_pies["pruned_on_pies"] == pytest.approx(1 / 3)
    # Each unpruned seed on all four examples: 3, 2, 2 right; on the three PIEs: 2, 1, 2.
    assert on_pies["unpruned_on_all"] == pytest.approx((3 + 2 + 2) / 12)
    assert on_pies["unpruned_on_pies_mean"] == pytest.approx((2 + 1 + 2) / 9)
    shares = answer(warehouse, "class-distribution")
    # Class 2 is the most frequent, then 0 and 1 with one example each, in the order of their numbers.
    assert [(row["class_id"], row["num_examples"], row["num_pies"]) for row in shares] == [
        (2, 2, 2),
        (0, 1, 0),
        (1, 1, 1),
    ]
    assert [row["share_of_pies"] for row in shares] == [pytest.approx(2 / 3), 0, pytest.approx(1 / 3)]


def test_a_tie_goes_to_the_lowest_class(warehouse: Warehouse) -> None:
    gold = single(2, 2)
    unpruned = side("none", 0.0, single(2, 1), single(1, 2))  # ties of 1 and 2: majority 1, 1
    pruned = side("MP-AI", 0.5, single(1, 2), single(1, 2))  # majority 1, 2
    insert(warehouse, MadeUpStudy("ties", "single_label", {"test": gold}, [*unpruned, *pruned]))
    assert [
        (row["example_id"], row["unpruned_class_ids"], row["pruned_class_ids"]) for row in answer(warehouse, "pies")
    ] == [(1, [1], [2])]


def test_multi_label_needs_more_than_half_and_a_pie_may_differ_in_one_class(warehouse: Warehouse) -> None:
    gold = labels([[0, 1], [], [2]], 3)
    unpruned = side(
        "none", 0.0, labels([[0, 1], [], [2]], 3), labels([[0], [], [2]], 3)
    )  # 1 of 2 is not enough: {0} {} {2}
    pruned = side("IRP-FT", 0.9, labels([[0, 1], [], []], 3), labels([[0, 1], [2], []], 3))  # {0,1} {} {}
    insert(warehouse, MadeUpStudy("sets", "multi_label", {"test": gold}, [*unpruned, *pruned]))
    pies = answer(warehouse, "pies")
    assert [(row["example_id"], row["unpruned_class_ids"], row["pruned_class_ids"]) for row in pies] == [
        (0, [0], [0, 1]),
        (2, [2], []),
    ]
    assert [row["num_pies"] for row in answer(warehouse, "pie-rate")] == [2]
    # F1 of seed 0, unpruned, is 1 in each of the three classes; of seed 1: 1, 0, 1.
    accuracy = {row["pruner"]: row for row in answer(warehouse, "accuracy")}
    assert accuracy["none"]["metric"] == "f1_macro" and accuracy["none"]["mean"] == pytest.approx((1 + 2 / 3) / 2)
    assert accuracy["none"]["std"] == pytest.approx(np.std([1, 2 / 3], ddof=1))
    # On the PIEs, examples 0 and 2, both pruned seeds have classes 0 and 1 right and miss 2: F1 2/3 each.
    assert answer(warehouse, "accuracy-on-pies")[0]["pruned_on_pies"] == pytest.approx(2 / 3)


def test_pies_by_class_margin_and_text(warehouse: Warehouse) -> None:
    #                                     example:   0  1  2
    gold = single(0, 1, 2)
    unpruned = side("none", 0.0, single(0, 1, 2), single(0, 1, 2), single(0, 1, 0), single(0, 0, 1))
    pruned = side("IMP-FT", 0.9, single(1, 2, 0), single(1, 2, 0), single(1, 2, 0), single(1, 1, 1))
    insert(warehouse, MadeUpStudy("three", "single_label", {"test": gold}, [*unpruned, *pruned]))

    def pies(**filters: Any) -> list[int]:
        return [row["example_id"] for row in answer(warehouse, "pies", **filters)]

    # Unpruned votes: 4 0 0, 1 3 0, 1 1 2, pruned ones 0 4 0, 0 1 3, 3 1 0: each side is ahead by 4 and 4, 2 and 2, 1 and 2.
    rows = answer(warehouse, "pies")
    assert [row["margin"] for row in rows] == [1.0, 0.5, 0.25]
    assert [row["unpruned_class_names"] + row["pruned_class_names"] for row in rows] == [
        ["class 0", "class 1"],
        ["class 1", "class 2"],
        ["class 2", "class 0"],
    ]
    assert (
        pies(min_margin=0.5) == [0, 1]
        and pies(max_margin=0.5) == [1, 2]
        and pies(min_margin=0.3, max_margin=0.6) == [1]
    )
    assert (
        pies(class_id=[0, 2]) == [0, 2]
        and pies(unpruned_class_id=[1]) == [1]
        and pies(pruned_class_id=[1, 0]) == [0, 2]
    )
    assert (
        pies(text=["TEXT 1"]) == [1] and pies(text=["text 0", "text 2"]) == [0, 2] and pies(text=["100 %", "_"]) == []
    )
    with pytest.raises(ValidationError, match="bins of the split train"):
        pies(bin=[20])


def test_pies_by_influence(warehouse: Warehouse) -> None:
    train = single(*[0] * 40)
    el2n_N = np.linspace(1.0, 0.025, 40, dtype=np.float32)  # example 0 is the most influential, 39 the least
    flipped = single(*[1] * 3, *[0] * 36, 1)  # PIEs: 0, 1, 2 and 39
    unpruned = MadeUpRun("none", 0.0, 0, {"train": train}, el2n_N=el2n_N)
    pruned = MadeUpRun("IMP-WR", 0.9, 0, {"train": flipped})
    insert(warehouse, MadeUpStudy("bins", "single_label", {"train": train}, [unpruned, pruned]))
    rows = answer(warehouse, "pies", split=["train"])
    assert [(row["example_id"], row["bin"]) for row in rows] == [(0, 20), (1, 20), (2, 19), (39, 1)]
    assert [row["influence"] for row in rows] == [pytest.approx(el2n_N[n]) for n in (0, 1, 2, 39)]
    assert [row["example_id"] for row in answer(warehouse, "pies", split=["train"], bin=[20, 1])] == [0, 1, 39]


def test_only_seeds_that_both_sides_have_count(warehouse: Warehouse) -> None:
    gold = single(0)
    unpruned = side("none", 0.0, single(0), single(1), single(1))
    pruned = [
        MadeUpRun("RP-AI", 0.99, 0, {"test": single(0)}),
        MadeUpRun("RP-AI", 0.99, 5, {"test": single(1)}),
        MadeUpRun("RP-AI", 0.99, 1, {"test": single(1)}, status="failed"),
    ]
    insert(warehouse, MadeUpStudy("seeds", "single_label", {"test": gold}, [*unpruned, *pruned]))
    # Over all its seeds the unpruned majority would be 1; over seed 0 alone both sides say 0.
    assert [(row["num_seeds"], row["num_pies"]) for row in answer(warehouse, "pie-rate")] == [(1, 0)]
    assert {row["pruner"]: row["num_seeds"] for row in answer(warehouse, "accuracy")} == {"none": 3, "RP-AI": 2}
    nothing = answer(warehouse, "accuracy-on-pies")[0]
    assert nothing["num_pies"] == 0 and nothing["pruned_on_pies"] is None and nothing["pruned_on_pies_mean"] is None
    assert {row["share_of_pies"] for row in answer(warehouse, "class-distribution")} == {None}
    assert {row["ratio"] for row in answer(warehouse, "readability")} == {None}


def test_influence_takes_the_epoch_past_30_percent_and_bins_by_rank(warehouse: Warehouse) -> None:
    train = single(*[0] * 40)
    el2n_N = np.linspace(1.0, 0.025, 40, dtype=np.float32)  # example 0 is the most influential
    flipped = single(*[1] * 2, *[0] * 38)  # examples 0 and 1 are PIEs
    # Of 14 epochs, 0 to 13, epoch round(4.2) = 4 decides; the builder's other epochs say the opposite.
    unpruned = MadeUpRun("none", 0.0, 0, {"train": train}, last_epoch=13, influence_epoch=4, el2n_N=el2n_N)
    pruned = MadeUpRun("IMP-WR", 0.9, 0, {"train": flipped}, last_epoch=55)
    insert(warehouse, MadeUpStudy("bins", "single_label", {"train": train}, [unpruned, pruned]))
    bins = answer(warehouse, "influence")
    assert [row["bin"] for row in bins] == list(range(1, 21)) and {row["num_examples"] for row in bins} == {2}
    assert [row["num_pies"] for row in bins] == [0] * 19 + [2]
    assert bins[-1]["el2n_max"] == pytest.approx(1.0) and bins[0]["el2n_min"] == pytest.approx(0.025)


def test_readability_is_the_ratio_of_means_and_its_mean_over_pruners(warehouse: Warehouse) -> None:
    gold = single(0, 0, 0, 0)
    runs = [
        *side("none", 0.0, gold),
        *side("IMP-FT", 0.5, single(1, 0, 0, 0)),  # PIE: example 0
        *side("RP-AI", 0.5, single(0, 0, 1, 1)),  # PIEs: examples 2 and 3
    ]
    scores = {"test": {"gunning_fog": [10.0, 2.0, 4.0, 8.0]}}  # mean 6
    insert(warehouse, MadeUpStudy("words", "single_label", {"test": gold}, runs, scores))  # type: ignore[arg-type]
    rows = answer(warehouse, "readability", measure=["gunning_fog"])
    assert [(row["pruner"], row["mean_of_pies"], row["ratio"]) for row in rows] == [
        ("IMP-FT", 10.0, pytest.approx(10 / 6)),
        ("RP-AI", 6.0, pytest.approx(1.0)),
        ("mean", 8.0, pytest.approx((10 / 6 + 1) / 2)),
    ]


def test_filters_narrow_and_names_that_are_not_there_are_said_so(warehouse: Warehouse) -> None:
    gold = single(0, 1)
    runs = [*side("none", 0.0, gold), *side("IMP-FT", 0.5, gold), *side("IMP-FT", 0.9, gold), *side("RP-AI", 0.9, gold)]
    insert(warehouse, *(MadeUpStudy(name, "single_label", {"test": gold}, runs) for name in ("one", "two")))
    assert len(answer(warehouse, "pie-rate")) == 6
    assert len(answer(warehouse, "pie-rate", dataset=["one"])) == 3
    assert len(answer(warehouse, "pie-rate", sparsity=[0.9], pruner=["RP-AI", "IMP-FT"])) == 4
    assert len(answer(warehouse, "pie-rate", study=["study of two"], sparsity=[0.5])) == 1
    assert answer(warehouse, "pie-rate", pruner=["MP-AI"]) == []
    assert len(answer(warehouse, "accuracy", limit=1)) == 1
    for filters, sentence in [
        ({"dataset": ["one", "three"]}, "No dataset 'three' in the warehouse, which has: one, two; list datasets"),
        ({"study": ["none such"]}, "No study 'none such' in the warehouse, which has: study of one, study of two"),
        ({"architecture": ["bert"]}, "No architecture 'bert' in the warehouse, which has: bilstm"),
    ]:
        with pytest.raises(NotFound, match=sentence):
            answer(warehouse, "pie-rate", **filters)
