"""Whether the two sides err on different examples (McNemar 1947)."""

import pyarrow as pa
from pydantic import Field

from analysis.question import Question, SplitParams, VariantRow
from analysis.rows import rows_of


class Params(SplitParams):
    """Filters."""


class Row(VariantRow):
    """One pruned variant and split: its majority labels against those of the unpruned variant."""

    num_examples: int = Field(description="Number of examples.")
    num_both_correct: int = Field(description="Number of examples whose majority label is the gold one on both sides.")
    num_unpruned_correct: int = Field(description="Number of examples that only the unpruned side has right.")
    num_pruned_correct: int = Field(description="Number of examples that only the pruned side has right.")
    num_none_correct: int = Field(description="Number of examples that neither side has right.")
    p_value: float = Field(
        description="Two-sided exact p-value that either side is as likely to be the one that is right; 1 where they "
        "never differ."
    )


def compute(counts: pa.Table, params: Params) -> pa.Table:
    """The counts with their p-values."""
    return rows_of(
        Row,
        (
            row | {"p_value": exact_p_value(row["num_unpruned_correct"], row["num_pruned_correct"])}
            for row in counts.to_pylist()
        ),
    )


def exact_p_value(num_one: int, num_other: int) -> float:
    """McNemar's exact test, two-sided, of two sides' paired correctness.

    The arguments are the numbers of examples that only the one and only the other side has right; 1 where there are none.
    """
    from scipy.stats import binomtest

    return float(binomtest(num_one, num_one + num_other).pvalue) if num_one + num_other else 1.0


QUESTION = Question("mcnemar", Params, Row, compute=compute, reads="examples")
