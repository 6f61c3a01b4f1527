"""How effective both sides are on the PIEs (table 10, figure 3)."""

from pydantic import Field

from analysis.question import Metric, Question, SplitParams, VariantRow


class Params(SplitParams):
    """Filters."""

    metric: list[Metric] | None = Field(None, description="Only these metrics.", examples=[["accuracy"]])


class Row(VariantRow):
    """One pruned variant and split."""

    metric: Metric = Field(description="accuracy (single-label) or f1_macro (multi-label).")
    num_pies: int = Field(description="Number of PIEs.")
    unpruned_on_all: float = Field(description="Unpruned runs on all examples, mean over the seeds.")
    pruned_on_all: float = Field(description="Pruned runs on all examples, mean over the seeds.")
    unpruned_on_pies: float | None = Field(
        description="Unpruned side on the PIEs: accuracy of the majority label, or mean macro F1; null without PIEs."
    )
    pruned_on_pies: float | None = Field(description="Pruned side on the PIEs, likewise.")
    unpruned_on_pies_mean: float | None = Field(description="Unpruned runs on the PIEs, mean over the seeds.")
    unpruned_on_pies_std: float | None = Field(description="Its sample standard deviation; null for one seed.")
    pruned_on_pies_mean: float | None = Field(description="Pruned runs on the PIEs, mean over the seeds.")
    pruned_on_pies_std: float | None = Field(description="Its sample standard deviation; null for one seed.")


QUESTION = Question("accuracy-on-pies", Params, Row)
