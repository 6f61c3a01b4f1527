"""How certain it is that PIEs are harder to read, given that other seeds could have been drawn.

Shapes: N examples, M measures, R resamples, S seeds.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from analysis.ballots import Ballots, ballots_of
from analysis.question import Question, VariantRow
from analysis.readability import Measure
from analysis.resampling import BootstrapParams, interval, resampled
from analysis.rows import records_of, rows_of


class Params(BootstrapParams):
    """Filters, and how to resample."""

    measure: list[Measure] | None = Field(None, description="Only these measures.", examples=[["gunning_fog"]])


class Row(VariantRow):
    """One pruned variant, split and measure."""

    measure: Measure = Field(description="Measure of readability, or the number of tokens.")
    ratio: float | None = Field(
        description="Mean over the PIEs / mean over all examples; null without PIEs or where the mean is 0."
    )
    ratio_low: float | None = Field(description="Lower end of its bootstrap interval (percentiles).")
    ratio_high: float | None = Field(description="Upper end of its bootstrap interval (percentiles).")
    level: float = Field(description="Share of the resamples that the interval holds.")
    num_resamples: int = Field(description="Number of resamples of the seeds, the same ones for both sides.")
    num_without_pies: int = Field(description="How many of them have no PIE, and are not in the interval.")


def compute(comparisons_and_scores: pa.Table, params: Params) -> pa.Table:
    """The ratios with their intervals, the seeds drawn as those of the PIE rate's interval are."""
    of_measure = pc.is_valid(comparisons_and_scores["measure"])
    scores: dict[tuple[str, str], dict[str, NDArray[np.float64]]] = defaultdict(dict)
    for row, structs in records_of(comparisons_and_scores.filter(of_measure).drop_columns(["ballots"]), "scores"):
        scores[row["dataset"], row["split"]][row["measure"]] = _by_example(structs)
    rows = []
    comparisons = comparisons_and_scores.filter(pc.invert(of_measure)).drop_columns(["measure", "scores"])
    for row, votes in records_of(comparisons, "ballots"):
        ballots = ballots_of(votes, row.pop("task"), row["num_seeds"], row.pop("num_examples"))
        row |= {"level": params.level, "num_resamples": params.num_resamples}
        rows += [
            row | found for found in _ratios(ballots, scores[row["dataset"], row["split"]], row["num_seeds"], params)
        ]
    return rows_of(Row, rows)


def _by_example(structs: pa.StructArray) -> NDArray[np.float64]:
    """The scores [N] by the number of the example, NaN where it has none."""
    example_ids = structs.field("example_id").to_numpy()
    values_N = np.full(int(example_ids.max(initial=-1)) + 1, np.nan)
    values_N[example_ids] = structs.field("value").to_numpy(zero_copy_only=False)
    return values_N


def _ratios(
    ballots: Ballots, scores: dict[str, NDArray[np.float64]], num_seeds: int, params: Params
) -> Iterator[dict[str, Any]]:
    if not scores:
        return
    values_NM = np.full((ballots.num_examples, len(scores)), np.nan)
    for place, scores_N in enumerate(scores.values()):
        values_NM[: len(scores_N), place] = scores_N
    known_NM = np.isfinite(values_NM)
    weights_RS = resampled(num_seeds, params.num_resamples, params.random_seed)
    # The first row draws every seed once: what was measured itself.
    weights_RS = np.concatenate([np.ones_like(weights_RS[:1]), weights_RS])
    sums_and_counts_NM = np.concatenate([np.where(known_NM, values_NM, 0), known_NM], axis=1)
    found_RM = ballots.sums_over_pies(sums_and_counts_NM, weights_RS, weights_RS)
    with np.errstate(invalid="ignore", divide="ignore"):
        of_all_M = np.nanmean(values_NM, axis=0)
        ratios_RM = found_RM[:, : len(scores)] / found_RM[:, len(scores) :] / of_all_M
    for place, measure in enumerate(scores):
        whole, drawn_R = ratios_RM[0, place], ratios_RM[1:, place]
        drawn_R = drawn_R[np.isfinite(drawn_R)]
        low, high = interval(drawn_R, params.level) if len(drawn_R) else (None, None)
        yield {
            "measure": measure,
            "ratio": float(whole) if np.isfinite(whole) else None,
            "ratio_low": low,
            "ratio_high": high,
            "num_without_pies": params.num_resamples - len(drawn_R),
        }


QUESTION = Question("readability-interval", Params, Row, compute=compute)
