"""A study whose tables and figures can be worked out by eye, and one of several labels."""

import numpy as np

from store.warehouse import Warehouse
from tests.warehouses import Labels, MadeUpRun, MadeUpStudy, insert, labels


def single(*predictions: int, num_classes: int = 2) -> Labels:
    """One predicted class for each example."""
    return labels([[prediction] for prediction in predictions], num_classes)


def both_seeds(pruner: str, sparsity: float, test: Labels, train: Labels | None = None) -> list[MadeUpRun]:
    """A variant of two seeds that predict the same."""
    predicted = {"test": test} | ({} if train is None else {"train": train})
    return [MadeUpRun(pruner, sparsity, seed, predicted) for seed in (0, 1)]  # type: ignore[arg-type]


def four_reviews() -> MadeUpStudy:
    """Four test examples of classes 0 0 1 1; two seeds; the unpruned majority is 0 0 1 0 (a tie goes to class 0).

    variant        predicts   accuracy   PIEs
    none           0 0 1 1 and 0 0 1 0   0.875 +- 0.177
    IMP-FT at 20%  0 0 1 1    1          3
    MP-AI at 20%   0 0 1 1    1          3
    RP-AI at 20%   1 1 1 0    0.25       0, 1
    IMP-FT at 90%  0 0 1 0    0.75       none
    RP-AI at 90%   not there
    """
    train = single(*[0] * 40)
    el2n_N = np.linspace(0.025, 1.0, 40, dtype=np.float32)
    unpruned = [
        MadeUpRun("none", 0.0, seed, {"test": test, "train": train}, el2n_N=el2n_N)
        for seed, test in enumerate((single(0, 0, 1, 1), single(0, 0, 1, 0)))
    ]
    # The three most influential of the 40 training examples are PIEs of RP-AI: both of bin 20, one of bin 19.
    pruned = [
        *both_seeds("IMP-FT", 0.2, single(0, 0, 1, 1), train),
        *both_seeds("MP-AI", 0.2, single(0, 0, 1, 1), train),
        *both_seeds("RP-AI", 0.2, single(1, 1, 1, 0), single(*[0] * 37, 1, 1, 1)),
        *both_seeds("IMP-FT", 0.9, single(0, 0, 1, 0), train),
    ]
    # Mean 6; of example 3 alone 8, of examples 0 and 1 it is 6.
    scores = {"test": {"gunning_fog": [10.0, 2.0, 4.0, 8.0]}}
    return MadeUpStudy(
        "imdb", "single_label", {"test": single(0, 0, 1, 1), "train": train}, [*unpruned, *pruned], scores
    )  # type: ignore[arg-type]


def three_topics() -> MadeUpStudy:
    """Three examples of the classes {0, 1}, {} and {2}; the unpruned model is right, pruning loses class 2."""
    gold = labels([[0, 1], [], [2]], 3)
    pruned = labels([[0, 1], [], []], 3)
    runs = [*both_seeds("none", 0.0, gold), *both_seeds("IRP-FT", 0.2, pruned), *both_seeds("IRP-FT", 0.99, pruned)]
    return MadeUpStudy("topics & more_100%", "multi_label", {"test": gold}, runs)


def insert_both(warehouse: Warehouse) -> None:
    """Both studies, with sizes of the models: 1,000 parameters, of which 800 may be pruned."""
    insert(warehouse, four_reviews(), three_topics())
    with warehouse.transaction("sizes"):
        warehouse.execute(
            "update run set num_parameters = 1000, num_prunable = 800, num_pruned = (800 * sparsity)::bigint, "
            "config = json_object('settings', json_object('max_tokens', 3))"
        )
