"""Whether PIEs are the influential training examples (figures 4, 14 to 20)."""

from pydantic import Field

from analysis.question import Question, VariantParams, VariantRow


class Params(VariantParams):
    """Filters; the split is train."""


class Row(VariantRow):
    """One pruned variant and bin."""

    bin: int = Field(description="Number of the bin, 1 to 20; 20 holds the most influential examples.")
    el2n_min: float = Field(description="Smallest influence in the bin.")
    el2n_max: float = Field(description="Largest influence in the bin.")
    num_examples: int = Field(description="Number of training examples in the bin.")
    num_pies: int = Field(description="Number of PIEs of the training set in the bin.")
    pie_rate: float = Field(description="num_pies / num_examples.")


QUESTION = Question("influence", Params, Row)
