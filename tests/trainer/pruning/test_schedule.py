"""When a run is pruned and to what share, against the protocol's own formula."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.pruning.schedule import NUM_ITERATIVE_PRUNINGS, num_zeros, pruning_epochs

SPARSITIES = (0.2, 0.5, 0.7, 0.9, 0.99)


@given(st.integers(1, 3_000_000), st.sampled_from(SPARSITIES))
def test_the_last_pruning_reaches_the_sparsity_exactly(num_weights: int, sparsity: float) -> None:
    exact = round(num_weights * sparsity)
    assert num_zeros(num_weights, sparsity, 2, 3) == num_zeros(num_weights, sparsity, 0, 1) == exact


@given(st.integers(1, 3_000_000), st.floats(0.001, 0.999))
def test_each_pruning_removes_the_same_share_of_what_remains(num_weights: int, sparsity: float) -> None:
    share = 1 - (1 - sparsity) ** (1 / NUM_ITERATIVE_PRUNINGS)
    for pruning in range(NUM_ITERATIVE_PRUNINGS):
        expected = num_weights * (1 - (1 - share) ** (pruning + 1))
        assert abs(num_zeros(num_weights, sparsity, pruning, NUM_ITERATIVE_PRUNINGS) - expected) <= 0.5 + 1e-6


@pytest.mark.parametrize("num_weights", [120_000, 40_000, 80_000, 51_200, 32_768, 589_824, 2_359_296, 768])
@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_tensors_of_the_paper_lose_what_the_formula_says_to_the_weight(num_weights: int, sparsity: float) -> None:
    share = 1 - (1 - sparsity) ** (1 / 3)
    expected = [round(num_weights * (1 - (1 - share) ** pruning)) for pruning in (1, 2, 3)]
    assert [num_zeros(num_weights, sparsity, pruning, 3) for pruning in range(3)] == expected
    assert expected[2] == round(num_weights * Fraction(str(sparsity)))


@given(st.integers(1, 100_000), st.floats(0.001, 0.999))
def test_prunings_never_give_weights_back(num_weights: int, sparsity: float) -> None:
    counts = [0, *(num_zeros(num_weights, sparsity, pruning, 3) for pruning in range(3)), num_weights]
    assert counts == sorted(counts)


def test_an_iterative_run_is_pruned_after_each_but_the_last_of_four_parts() -> None:
    assert pruning_epochs("iterative", 5) == (4, 9, 14)
    assert pruning_epochs("at_initialization", 5) == (-1,)
