"""How hard each training example is, epoch by epoch (Paul et al. 2021)."""

from typing import Annotated

from pydantic import Field

from analysis.question import Question, VariantParams, VariantRow


class Params(VariantParams):
    """Filters; the split is train. Without `example_id` every training example is read: heavy on large ones."""

    example_id: list[Annotated[int, Field(ge=0, le=2**31 - 1)]] | None = Field(
        None, description="Only these examples.", examples=[[0]]
    )
    epoch: list[Annotated[int, Field(ge=-1, le=32767)]] | None = Field(
        None, description="Only these epochs.", examples=[[0]]
    )


class Row(VariantRow):
    """One variant, training example and recorded epoch."""

    num_seeds: int = Field(description="Number of the variant's runs that recorded it.")
    example_id: int = Field(description="Number of the training example.")
    epoch: int = Field(description="Epoch, counted from 0.")
    el2n_mean: float = Field(
        description="L2 distance between predicted probabilities and gold labels, mean over the runs."
    )
    el2n_std: float | None = Field(description="Its sample standard deviation; null for one run.")


QUESTION = Question("el2n", Params, Row)
