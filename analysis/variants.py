"""Which variants are there, and with how many seeds."""

from pydantic import Field

from analysis.question import Question, VariantParams
from analysis.question import Row as BaseRow
from store.protocol import Task


class Params(VariantParams):
    """Filters."""


class Row(BaseRow):
    """One variant."""

    dataset: str = Field(description="Name of the dataset.")
    architecture: str = Field(description="Architecture.")
    pruner: str = Field(description="Pruner; none for unpruned.")
    sparsity: float = Field(description="Target sparsity, as a share.")
    num_seeds: int = Field(description="Number of published runs.")
    seeds: list[int] = Field(description="Their seeds.")
    task: Task = Field(description="single_label or multi_label.")
    num_classes: int = Field(description="Number of classes of the dataset.")
    num_parameters: int | None = Field(description="Number of parameters of its models, before pruning.")
    num_prunable: int | None = Field(description="Number of weights that may be pruned.")
    num_pruned: int | None = Field(description="Number of weights that were pruned.")
    study: str = Field(description="Studies that have runs of the recipe.")
    recipe_id: str = Field(description="What the compared runs share.")


QUESTION = Question("variants", Params, Row)
