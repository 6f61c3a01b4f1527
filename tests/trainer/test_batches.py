"""Batches: padding, masks, and an order that is derived from seed and epoch."""

from dataclasses import replace

import numpy as np
import torch

from tests.trainer.tiny import tiny_data
from trainer.batches import Batches

CPU = torch.device("cpu")


def test_a_batch_is_padded_to_the_length_of_the_dataset() -> None:
    data = tiny_data()
    rows = np.array([3, 0, 7])
    batch = Batches(data, CPU).batch("train", rows)
    assert batch.mask_BT is None
    assert batch.ids_BT.shape == (3, 6)
    examples = data.splits["train"]
    for ids_T, row in zip(batch.ids_BT.tolist(), rows, strict=True):
        ids = examples.ids[examples.offsets[row] : examples.offsets[row + 1]].tolist()
        assert ids_T == ids + [0] * (6 - len(ids))
    assert batch.gold.tolist() == examples.gold_NC[rows].argmax(axis=1).tolist()


def test_or_to_its_own_longest_example() -> None:
    data = replace(tiny_data("multi_label"), fixed_length=None, padding_id=9)
    lengths_N = data.splits["test"].lengths_N
    rows = np.argsort(lengths_N)[:4]
    batch = Batches(data, CPU).batch("test", rows)
    assert batch.mask_BT is not None
    assert batch.ids_BT.shape[1] == lengths_N[rows].max()
    assert batch.mask_BT.sum(dim=1).tolist() == lengths_N[rows].tolist()
    assert (batch.ids_BT[~batch.mask_BT] == 9).all()
    assert batch.gold.dtype == torch.float32
    np.testing.assert_array_equal(batch.gold.numpy(), data.splits["test"].gold_NC[rows])


def test_examples_without_tokens_make_a_batch_of_padding() -> None:
    data = tiny_data()
    examples = data.splits["test"]
    empty = replace(examples, ids=examples.ids[:0], offsets=np.zeros(len(examples) + 1, dtype=np.int64))
    batch = Batches(replace(data, splits={**data.splits, "test": empty}, fixed_length=None), CPU).batch(
        "test", np.arange(2)
    )
    assert batch.ids_BT.tolist() == [[0], [0]]


def test_the_order_is_a_permutation_of_its_own_for_each_seed_and_epoch() -> None:
    batches = Batches(tiny_data(), CPU)
    orders = {
        (seed, epoch): np.concatenate(batches.training_order(seed, epoch, 16)).tolist()
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    assert all(sorted(order) == list(range(40)) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) == 4
    assert [len(rows) for rows in batches.training_order(0, 0, 16)] == [16, 16, 8]


def test_evaluation_goes_by_length_where_that_saves_padding() -> None:
    data = replace(tiny_data(), fixed_length=None)
    order = np.concatenate(Batches(data, CPU).evaluation_order("train", 7))
    assert sorted(order.tolist()) == list(range(40))
    assert (np.diff(data.splits["train"].lengths_N[order]) <= 0).all()
