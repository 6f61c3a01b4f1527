"""What each pruning left of a run's tensors."""

from pydantic import Field

from analysis.question import Question, RunParams
from analysis.question import Row as BaseRow


class Params(RunParams):
    """Which run."""


class Row(BaseRow):
    """One pruning and prunable tensor."""

    run_id: str = Field(description="The run.")
    pruning: int = Field(description="Number of the pruning, from 0.")
    epoch: int = Field(description="The last epoch trained before it; -1 at initialization.")
    tensor: str = Field(description="Name of the tensor.")
    shape: list[int] = Field(description="Its shape.")
    num_weights: int = Field(description="Number of its weights.")
    num_kept: int = Field(description="Number of its weights that are not pruned.")
    threshold: float | None = Field(description="Largest score among the weights removed by this pruning.")
    digest: str = Field(description="SHA-256 of the mask's bits.")


QUESTION = Question("run-masks", Params, Row, path="runs/{run_id}/masks")
