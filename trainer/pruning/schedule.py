"""When a run is pruned, and how many weights each pruning leaves.

Source: section 3.2 and appendix A.3 of the paper: three prunings with N epochs before, between and after them.
"""

from store.protocol import Schedule

NUM_ITERATIVE_PRUNINGS = 3


def pruning_epochs(schedule: Schedule, epochs: int) -> tuple[int, ...]:
    """After which epochs a run is pruned, for `epochs` (N) epochs between prunings; -1 is before the first one."""
    if schedule == "at_initialization":
        return (-1,)
    return tuple(epochs * number - 1 for number in range(1, NUM_ITERATIVE_PRUNINGS + 1))


def num_zeros(num_weights: int, sparsity: float, pruning: int, num_prunings: int) -> int:
    """How many of a tensor's weights are zero after pruning number `pruning` (from 0) of `num_prunings`.

    Each pruning removes the same share f of what remains, f = 1 - (1 - s)^(1/P), so that after pruning k (from 1)
    round(n (1 - (1 - f)^k)) = round(n (1 - (1 - s)^(k/P))) are gone.
    """
    if pruning + 1 == num_prunings:
        # The power would miss the sparsity by a rounding error, which shows where n * s lies half-way.
        return round(num_weights * sparsity)
    share = 1.0 - float((1 - sparsity) ** ((pruning + 1) / num_prunings))
    return round(num_weights * share)
