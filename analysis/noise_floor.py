"""How much of the disagreement the seeds alone make: PIEs between two halves of the unpruned seeds."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from analysis.ballots import ballots_of
from analysis.question import Question, VariantRow
from analysis.resampling import ResamplingParams, halves, interval
from analysis.rows import records_of, rows_of
from store.protocol import UNPRUNED


class Params(ResamplingParams):
    """Filters, and how to draw the halves."""

    num_repeats: int = Field(100, ge=1, le=10_000, description="How often the seeds are halved.", examples=[20])


class Row(VariantRow):
    """One variant and split, the unpruned one too. All rates are over halves; null with fewer than two seeds."""

    num_examples: int = Field(description="Number of examples.")
    num_seeds_a_side: int = Field(description="Number of seeds of each half.")
    num_repeats: int = Field(description="How often the seeds were halved.")
    level: float = Field(description="Share of the repeats that an interval holds.")
    noise_floor_mean: float | None = Field(
        description="Share of the examples that are PIEs between two disjoint halves of the unpruned seeds, mean over the repeats."
    )
    noise_floor_std: float | None = Field(description="Its standard deviation over the repeats.")
    noise_floor_low: float | None = Field(description="Lower end of the interval of the repeats (percentiles).")
    noise_floor_high: float | None = Field(description="Upper end of the interval of the repeats (percentiles).")
    pie_rate_mean: float | None = Field(
        description="Share that are PIEs between one half of the unpruned seeds and the other half of the pruned seeds, mean over "
        "the same repeats; null for the unpruned variant."
    )
    pie_rate_std: float | None = Field(description="Its standard deviation over the repeats.")
    pie_rate_low: float | None = Field(description="Lower end of the interval of the repeats (percentiles).")
    pie_rate_high: float | None = Field(description="Upper end of the interval of the repeats (percentiles).")
    ratio: float | None = Field(
        description="pie_rate_mean / noise_floor_mean: 1 where pruning changes no more than other seeds do; null without noise."
    )


def compute(comparisons: pa.Table, params: Params) -> pa.Table:
    """The noise floor of each variant's unpruned seeds, and its PIE rate at the same number of seeds."""
    rows = []
    for row, votes in records_of(comparisons, "ballots"):
        ballots = ballots_of(votes, row.pop("task"), row["num_seeds"], row["num_examples"])
        drawn = {"num_repeats": params.num_repeats, "level": params.level, "num_seeds_a_side": row["num_seeds"] // 2}
        rates = dict.fromkeys(("noise_floor_mean", "pie_rate_mean"))
        if row["num_seeds"] >= 2:
            one_RS, other_RS = halves(row["num_seeds"], params.num_repeats, params.random_seed)
            noise_R = ballots.unpruned_twice().num_pies(one_RS, other_RS) / row["num_examples"]
            rates = _of_repeats("noise_floor", noise_R, params.level)
            if row["pruner"] != UNPRUNED:
                rate_R = ballots.num_pies(one_RS, other_RS) / row["num_examples"]
                rates |= _of_repeats("pie_rate", rate_R, params.level)
        noise, rate = rates["noise_floor_mean"], rates.get("pie_rate_mean")
        rows.append(row | drawn | rates | {"ratio": rate / noise if noise and rate is not None else None})
    return rows_of(Row, rows)


def _of_repeats(name: str, rate_R: NDArray[np.float64], level: float) -> dict[str, Any]:
    low, high = interval(rate_R, level)
    return {f"{name}_mean": rate_R.mean(), f"{name}_std": rate_R.std(), f"{name}_low": low, f"{name}_high": high}


QUESTION = Question("noise-floor", Params, Row, compute=compute)
