"""Which runs are there, and what became of them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from analysis.question import Question, VariantParams
from analysis.question import Row as BaseRow

Status = Literal["planned", "spooled", "published", "failed", "retracted"]


class Params(VariantParams):
    """Filters."""

    seed: list[Annotated[int, Field(ge=0)]] | None = Field(None, description="Only these seeds.", examples=[[0]])
    status: list[Status] | None = Field(None, description="Only runs of these statuses.", examples=[["published"]])


class Row(BaseRow):
    """One run."""

    run_id: str = Field(description="12 hexadecimal digits.")
    study: str = Field(description="The study that planned it first.")
    dataset: str = Field(description="Name of the dataset.")
    architecture: str = Field(description="Architecture.")
    pruner: str = Field(description="Pruner; none for unpruned.")
    scoring: str | None = Field(description="impact, magnitude or random.")
    schedule: str | None = Field(description="iterative or at_initialization.")
    tuning: str | None = Field(description="weight_rewinding or fine_tuning.")
    sparsity: float = Field(description="Target sparsity, as a share.")
    seed: int = Field(description="Seed.")
    status: Status = Field(description="What became of it.")
    threshold: float | None = Field(description="Probability above which a class is predicted (multi-label).")
    num_parameters: int | None = Field(description="Number of parameters of the model.")
    num_prunable: int | None = Field(description="Number of weights that may be pruned.")
    num_pruned: int | None = Field(description="Number of weights that were pruned.")
    measured_sparsity: float | None = Field(description="num_pruned / num_prunable.")
    last_epoch: int | None = Field(description="The last epoch, from 0.")
    started_at: datetime | None = Field(description="When training started, UTC.")
    finished_at: datetime | None = Field(description="When training finished, UTC.")
    failure: str | None = Field(description="Why it failed.")
    config: str = Field(description="Its configuration, JSON.")
    versions: str | None = Field(description="Versions of the software that trained it, JSON.")
    recipe_id: str = Field(description="What the runs compared with it share.")


QUESTION = Question("runs", Params, Row)
