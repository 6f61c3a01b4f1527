"""What questions about the course of training share: they go through the recorded epochs, example by example."""

from typing import Annotated

from pydantic import Field

from analysis.question import SplitParams, VariantRow


class RecordedParams(SplitParams):
    """Filters. Without `example_id` every example is read: heavy on large splits."""

    example_id: list[Annotated[int, Field(ge=0, le=2**31 - 1)]] | None = Field(
        None, description="Only these examples.", examples=[[0]]
    )


class RecordedRow(VariantRow):
    """One example of a variant and split; seeds are those whose predictions are stored."""

    example_id: int = Field(description="Number of the example within dataset and split.")
    num_epochs: int = Field(description="Number of recorded epochs, of the seed that has most.")
