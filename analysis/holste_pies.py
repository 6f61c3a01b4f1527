"""On which examples the two sides rank the classes least alike (Holste et al. 2023)."""

from pydantic import Field

from analysis.question import Question, SplitParams, VariantRow


class Params(SplitParams):
    """Filters, and how many examples count."""

    share: float = Field(
        0.05, gt=0, le=1, description="So many of the examples, those with the lowest correlations.", examples=[0.1]
    )


class Row(VariantRow):
    """One example among the least alike; seeds are those whose logits are stored on both sides."""

    num_examples: int = Field(description="Number of examples of the split.")
    example_id: int = Field(description="Number of the example within dataset and split.")
    class_ids: list[int] = Field(description="Gold classes.")
    rank_correlation: float = Field(
        description="Spearman's correlation, across the classes, of both sides' probabilities, averaged over the seeds. With "
        "two classes it is 1 or -1: of equal ones those with the lower numbers count."
    )
    is_pie: bool = Field(description="Whether the majority labels differ too.")


QUESTION = Question("holste-pies", Params, Row, reads="examples")
