"""Which classes the PIEs are of (figures 2 and 6)."""

from typing import Annotated

from pydantic import Field

from analysis.question import Question, SplitParams, VariantRow


class Params(SplitParams):
    """Filters."""

    class_id: list[Annotated[int, Field(ge=0, le=32767)]] | None = Field(
        None, description="Only these gold classes.", examples=[[0]]
    )


class Row(VariantRow):
    """One pruned variant, split and gold class."""

    class_id: int = Field(description="Number of the class.")
    class_name: str = Field(description="Name of the class.")
    num_examples: int = Field(description="Number of examples of the class.")
    num_pies: int = Field(description="Number of PIEs of the class.")
    share_of_examples: float = Field(description="Share of all examples that are of the class.")
    share_of_pies: float | None = Field(description="Share of the PIEs that are of the class; null without PIEs.")


QUESTION = Question("class-distribution", Params, Row)
