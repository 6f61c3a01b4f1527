"""How certain the share of PIEs is, given that other seeds could have been drawn."""

import pyarrow as pa
from pydantic import Field

from analysis.ballots import ballots_of
from analysis.question import Question, VariantRow
from analysis.resampling import BootstrapParams, interval, resampled
from analysis.rows import records_of, rows_of


class Params(BootstrapParams):
    """Filters, and how to resample."""


class Row(VariantRow):
    """One pruned variant and split."""

    num_examples: int = Field(description="Number of examples.")
    pie_rate: float = Field(description="Share of the examples that are PIEs.")
    pie_rate_low: float = Field(description="Lower end of its bootstrap interval (percentiles).")
    pie_rate_high: float = Field(description="Upper end of its bootstrap interval (percentiles).")
    pie_rate_std: float = Field(description="Standard deviation over the resamples: the bootstrap's standard error.")
    level: float = Field(description="Share of the resamples that the interval holds.")
    num_resamples: int = Field(description="Number of resamples of the seeds, the same ones for both sides.")


def compute(comparisons: pa.Table, params: Params) -> pa.Table:
    """The rates with their intervals. A pair of runs of one seed is drawn together: both sides share its first epochs."""
    rows = []
    for row, votes in records_of(comparisons, "ballots"):
        ballots = ballots_of(votes, row.pop("task"), row["num_seeds"], row["num_examples"])
        weights_RS = resampled(row["num_seeds"], params.num_resamples, params.random_seed)
        whole_RS = weights_RS[:1] * 0 + 1
        rate_R = ballots.num_pies(weights_RS, weights_RS) / row["num_examples"]
        low, high = interval(rate_R, params.level)
        rows.append(
            row
            | {"pie_rate": ballots.num_pies(whole_RS, whole_RS)[0] / row["num_examples"]}
            | {"pie_rate_low": low, "pie_rate_high": high, "pie_rate_std": rate_R.std()}
            | {"level": params.level, "num_resamples": params.num_resamples}
        )
    return rows_of(Row, rows)


QUESTION = Question("pie-rate-interval", Params, Row, compute=compute)
