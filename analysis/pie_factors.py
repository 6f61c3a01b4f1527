"""How disagreement depends on class, influence, readability and length together: a logistic model of each variant's PIEs."""

from typing import Literal

import pyarrow as pa
from pydantic import Field

from analysis.logistic import fitted
from analysis.question import Question, SplitParams, VariantRow
from analysis.readability import Score
from analysis.resampling import Level
from analysis.rows import records_of, rows_of
from analysis.terms import Examples
from store.protocol import Split


class Params(SplitParams):
    """Filters, and what the model is made of."""

    split: list[Split] = Field(
        ["train"], description="Only these splits; influence is known of training examples alone.", examples=[["test"]]
    )
    measure: Score = Field(
        "flesch_kincaid_grade", description="Score that stands for readability.", examples=["gunning_fog"]
    )
    level: Level = Field(0.95, description="Confidence of the intervals: 0.95, not 95.", examples=[0.9])
    max_examples: int = Field(
        20_000, ge=1, le=1_000_000, description="Of larger splits so many examples are taken, the same for every variant.",
        examples=[5000],
    )  # fmt: skip


class Row(VariantRow):
    """One term. Values are null where they have no finite estimate: see `note`."""

    term: Literal["intercept", "class", "influence_bin", "readability", "length"] = Field(
        description="class: against the most frequent class (multi-label: against not having it); influence_bin: per bin of 20 "
        "by EL2N; readability: per standard deviation; length: per doubling of the number of tokens."
    )
    class_id: int | None = Field(description="The class of a term `class`.")
    class_name: str | None = Field(description="Its name.")
    coefficient: float | None = Field(description="Change of the log odds of being a PIE, all other terms held equal.")
    std_error: float | None = Field(description="Its standard error.")
    low: float | None = Field(description="Lower end of its interval (Wald).")
    high: float | None = Field(description="Upper end of its interval (Wald).")
    p_value: float | None = Field(description="Two-sided p-value that it is 0 (Wald).")
    odds_ratio: float | None = Field(description="exp(coefficient): by what the odds are multiplied.")
    level: float = Field(description="Confidence of the interval.")
    num_examples: int = Field(description="Number of examples taken.")
    num_pies: int = Field(description="Number of PIEs among them.")
    num_fitted: int = Field(
        description="Number of examples in the fit: those of a class in which all or none are PIEs say nothing about the rest."
    )
    note: str | None = Field(description="Why there is no estimate.")


def compute(comparisons: pa.Table, params: Params) -> pa.Table:
    """The terms of each variant's model."""
    rows = []
    for row, structs in records_of(comparisons, "examples"):
        names = row.pop("class_names")
        examples = Examples.of(structs, row.pop("task"), len(names))
        for term in fitted(examples, params.level):
            name = None if term["class_id"] is None else names[term["class_id"]]
            rows.append(row | term | {"class_name": name, "level": params.level})
    return rows_of(Row, rows)


QUESTION = Question("pie-factors", Params, Row, compute=compute)
