"""How uncertain a number is that was taken over seeds: bootstrap over the seeds, and halves of them.

Every draw is numpy's default generator started with the parameter `random_seed`: the same question has the same answer.
"""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from analysis.question import SplitParams

Level = Annotated[float, Field(gt=0, lt=1)]


class ResamplingParams(SplitParams):
    """Filters, and how to draw."""

    level: Level = Field(0.95, description="Share of the draws that an interval holds: 0.95, not 95.", examples=[0.9])
    random_seed: int = Field(
        0, ge=0, le=2**32 - 1, description="Start of the random draws: the same, the same answer.", examples=[1]
    )


class BootstrapParams(ResamplingParams):
    """Filters, and how to resample."""

    num_resamples: int = Field(
        1000, ge=1, le=100_000, description="Number of bootstrap resamples of the seeds.", examples=[200]
    )


def resampled(num_seeds: int, num_resamples: int, random_seed: int) -> NDArray[np.float32]:
    """Bootstrap resamples [R, S]: how often each seed is drawn, as many draws with replacement as there are seeds."""
    drawn_RS = np.random.default_rng(random_seed).integers(num_seeds, size=(num_resamples, num_seeds))
    weights_RS = np.zeros((num_resamples, num_seeds), dtype=np.float32)
    np.add.at(weights_RS, (np.arange(num_resamples)[:, None], drawn_RS), 1)
    return weights_RS


def halves(num_seeds: int, num_repeats: int, random_seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two disjoint halves of the seeds, [R, S] each, 1 for a seed that is in it; of an odd number one seed is in neither."""
    order_RS = np.random.default_rng(random_seed).permuted(np.tile(np.arange(num_seeds), (num_repeats, 1)), axis=1)
    half = num_seeds // 2
    return (order_RS < half).astype(np.float32), ((order_RS >= half) & (order_RS < 2 * half)).astype(np.float32)


def interval(values_R: NDArray[np.floating], level: float) -> tuple[float, float]:
    """The percentile interval: numpy's linear quantiles that leave the same share of the draws out on either side."""
    low, high = np.quantile(values_R, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
