"""What share of the examples are PIEs (table 4)."""

from pydantic import Field

from analysis.question import Question, SplitParams, VariantRow


class Params(SplitParams):
    """Filters."""


class Row(VariantRow):
    """One pruned variant and split."""

    num_examples: int = Field(description="Number of examples.")
    num_pies: int = Field(description="Number of PIEs.")
    pie_rate: float = Field(description="num_pies / num_examples.")


QUESTION = Question("pie-rate", Params, Row)
