"""How a run went."""

from pydantic import Field

from analysis.question import Question, RunParams
from analysis.question import Row as BaseRow
from store.protocol import Split


class Params(RunParams):
    """Which run."""


class Row(BaseRow):
    """One epoch, split and metric."""

    run_id: str = Field(description="The run.")
    epoch: int = Field(description="Epoch, from 0.")
    split: Split = Field(description="Split.")
    metric: str = Field(description="loss, accuracy, f1_macro, threshold or another.")
    value: float = Field(description="Its value after the epoch.")


QUESTION = Question("run-epochs", Params, Row, path="runs/{run_id}/epochs")
