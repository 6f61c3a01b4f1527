"""How effective the models are (table 9)."""

from pydantic import Field

from analysis.question import Metric, Question, SplitParams, VariantRow


class Params(SplitParams):
    """Filters."""

    metric: list[Metric] | None = Field(None, description="Only these metrics.", examples=[["accuracy"]])


class Row(VariantRow):
    """One variant and split."""

    num_seeds: int = Field(description="Number of the variant's published runs, over which the answer was taken.")
    metric: Metric = Field(description="accuracy (single-label) or f1_macro (multi-label).")
    mean: float = Field(description="Mean over the runs.")
    std: float | None = Field(description="Sample standard deviation over the runs; null for one run.")


QUESTION = Question("accuracy", Params, Row)
