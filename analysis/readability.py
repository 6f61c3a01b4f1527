"""Whether PIEs are harder to read (figures 5, 21 to 27)."""

from typing import Literal

from pydantic import Field

from analysis.question import Question, SplitParams, VariantRow

Score = Literal[
    "automated_readability_index",
    "coleman_liau_index",
    "flesch_kincaid_grade",
    "linsear_write_formula",
    "gunning_fog",
    "dale_chall_readability_score",
    "difficult_words",
]
Measure = Literal[Score, "num_tokens"]


class Params(SplitParams):
    """Filters; pruner `mean` is the average over the pruners."""

    measure: list[Measure] | None = Field(None, description="Only these measures.", examples=[["gunning_fog"]])


class Row(VariantRow):
    """One pruned variant, split and measure."""

    measure: Measure = Field(description="Measure of readability, or the number of tokens.")
    mean_of_examples: float = Field(description="Mean over all examples.")
    mean_of_pies: float | None = Field(description="Mean over the PIEs; null without PIEs.")
    ratio: float | None = Field(
        description="mean_of_pies / mean_of_examples; null without PIEs or where the mean is 0."
    )


QUESTION = Question("readability", Params, Row)
