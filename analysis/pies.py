"""Which examples are PIEs, and what both sides say of them (table 1)."""

from typing import Annotated

from pydantic import Field

from analysis.question import Question, SplitParams, VariantRow


class Params(SplitParams):
    """Filters."""

    class_id: list[Annotated[int, Field(ge=0, le=32767)]] | None = Field(
        None, description="Only PIEs that have one of these gold classes.", examples=[[0]]
    )


class Row(VariantRow):
    """One PIE of a pruned variant."""

    example_id: int = Field(description="Number of the example within dataset and split.")
    class_ids: list[int] = Field(description="Gold classes.")
    unpruned_class_ids: list[int] = Field(description="Majority label of the unpruned variant.")
    pruned_class_ids: list[int] = Field(description="Majority label of the pruned variant.")
    unpruned_votes: list[int] = Field(
        description="For each class, in order, the number of unpruned seeds that predicted it."
    )
    pruned_votes: list[int] = Field(
        description="For each class, in order, the number of pruned seeds that predicted it."
    )
    text: str = Field(description="The text.")


QUESTION = Question("pies", Params, Row)
