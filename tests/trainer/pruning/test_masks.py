"""Masks: counts, ties, nesting, and torch.nn.utils.prune as an independent reference."""

import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn
from torch.nn.utils import prune

from trainer.pruning.masks import apply, describe, num_pruned, tighten

scores = hnp.arrays(np.float32, hnp.array_shapes(max_dims=2, max_side=12), elements=st.sampled_from([0, 0.5, 1, 2, 3]))


@given(scores, st.data())
def test_the_lowest_scores_go_first_and_ties_by_position(array: np.ndarray, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, array.size))
    second = data.draw(st.integers(first, array.size))
    once, _ = tighten(torch.ones(array.shape), torch.from_numpy(array), first)
    twice, threshold = tighten(once, torch.from_numpy(array), second)
    order = np.argsort(array.reshape(-1), kind="stable")
    for mask, zeros in ((once, first), (twice, second)):
        expected = np.ones(array.size)
        expected[order[:zeros]] = 0
        np.testing.assert_array_equal(mask.numpy().reshape(-1), expected)
    assert threshold == (None if first == second else array.reshape(-1)[order[second - 1]])


@given(scores, scores, st.data())
def test_masks_are_nested_whatever_the_scores_become(
    before: np.ndarray, after: np.ndarray, data: st.DataObject
) -> None:
    after = np.resize(after, before.shape)
    first = data.draw(st.integers(0, before.size))
    second = data.draw(st.integers(first, before.size))
    once, _ = tighten(torch.ones(before.shape), torch.from_numpy(before), first)
    twice, _ = tighten(once, torch.from_numpy(after), second)
    assert (twice <= once).all()
    assert int((twice == 0).sum()) == second
    removed, kept = after[((once == 1) & (twice == 0)).numpy()], after[(twice == 1).numpy()]
    assert not removed.size or not kept.size or removed.max() <= kept.min()


@pytest.mark.parametrize("num_zeros", [0, 1, 37, 199, 200])
def test_magnitude_as_torch_prunes_it(num_zeros: int) -> None:
    layer = nn.Linear(20, 10)
    mask, _ = tighten(torch.ones(10, 20), layer.weight.detach().abs(), num_zeros)
    prune.l1_unstructured(layer, "weight", amount=num_zeros)
    torch.testing.assert_close(mask, layer.weight_mask, rtol=0, atol=0)


def test_iterated_magnitude_as_torch_prunes_it() -> None:
    """torch counts the share of what remains at each call; we are given the same totals."""
    layer, ours = nn.Linear(30, 10), torch.ones(10, 30)
    for removed, zeros in ((60, 60), (48, 108), (92, 200)):
        ours, _ = tighten(ours, (layer.weight.detach()).abs(), zeros)
        prune.l1_unstructured(layer, "weight", amount=removed)
        torch.testing.assert_close(ours, layer.weight_mask, rtol=0, atol=0)


@pytest.mark.parametrize("num_zeros", [1, 37, 199])
def test_random_leaves_as_many_as_torch_does(num_zeros: int) -> None:
    layer = nn.Linear(20, 10)
    mask, _ = tighten(torch.ones(10, 20), torch.rand(10, 20), num_zeros)
    prune.random_unstructured(layer, "weight", amount=num_zeros)
    assert mask.sum() == layer.weight_mask.sum() == 200 - num_zeros


def test_a_mask_is_described_by_its_packed_bits() -> None:
    mask = torch.tensor([[1.0, 0, 1], [1, 1, 1], [0, 0, 1]])
    row = describe("layer.weight", mask, 0.25)
    # Row-major, high bit first, filled up with zeros: 10111100 1.......
    assert row.digest == hashlib.sha256(bytes([0b10111100, 0b10000000])).hexdigest()
    assert (row.tensor, row.shape, row.num_weights, row.num_kept, row.threshold) == ("layer.weight", (3, 3), 9, 6, 0.25)
    assert num_pruned({"a": mask, "b": torch.zeros(4)}) == 7


def test_applying_masks_sets_exact_zeros() -> None:
    tensors, masks = (
        [torch.full((2, 2), -3.0), torch.ones(3)],
        [torch.tensor([[1.0, 0], [0, 1]]), torch.tensor([0.0, 1, 1])],
    )
    apply(tensors, masks)
    assert tensors[0].tolist() == [[-3, 0], [0, -3]]
    assert tensors[1].tolist() == [0, 1, 1]
