"""How certain the effectiveness is, given that other seeds could have been drawn."""

import numpy as np
import pyarrow as pa
from pydantic import Field

from analysis.question import Metric, Question, VariantRow
from analysis.resampling import BootstrapParams, interval, resampled
from analysis.rows import records_of, rows_of
from store.protocol import UNPRUNED


class Params(BootstrapParams):
    """Filters, and how to resample."""

    metric: list[Metric] | None = Field(None, description="Only these metrics.", examples=[["accuracy"]])


class Row(VariantRow):
    """One variant and split."""

    num_seeds: int = Field(description="Number of the variant's published runs, over which the mean was taken.")
    metric: Metric = Field(description="accuracy (single-label) or f1_macro (multi-label).")
    mean: float = Field(description="Mean over the runs.")
    mean_low: float = Field(description="Lower end of its bootstrap interval (percentiles).")
    mean_high: float = Field(description="Upper end of its bootstrap interval (percentiles).")
    num_pairs: int = Field(description="Number of seeds that the unpruned variant has too; 0 for the unpruned variant.")
    difference: float | None = Field(
        description="Pruned minus unpruned, mean over the pairs of runs of one seed; null without any."
    )
    difference_low: float | None = Field(description="Lower end of its bootstrap interval over the pairs.")
    difference_high: float | None = Field(description="Upper end of its bootstrap interval over the pairs.")
    level: float = Field(description="Share of the resamples that the intervals hold.")
    num_resamples: int = Field(description="Number of resamples of the seeds.")


def compute(variants: pa.Table, params: Params) -> pa.Table:
    """The means with their intervals."""
    rows = []
    for row, runs in records_of(variants, "runs"):
        values_S = runs.field("value").to_numpy()
        unpruned_S = runs.field("unpruned").to_numpy(zero_copy_only=False).astype(np.float64)
        pairs_S = values_S - unpruned_S if row["pruner"] != UNPRUNED else values_S[:0]
        pairs_S = pairs_S[~np.isnan(pairs_S)]
        row |= {"num_pairs": len(pairs_S), "level": params.level, "num_resamples": params.num_resamples}
        for name, taken_S in (("mean", values_S), ("difference", pairs_S)):
            if len(taken_S):
                weights_RS = resampled(len(taken_S), params.num_resamples, params.random_seed)
                low, high = interval(weights_RS @ taken_S / len(taken_S), params.level)
                row |= {name: taken_S.mean(), f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return rows_of(Row, rows)


QUESTION = Question("accuracy-interval", Params, Row, compute=compute)
