"""Which examples are PIEs whatever the pruner."""

from pydantic import Field

from analysis.question import Question, SplitParams
from analysis.question import Row as BaseRow
from store.protocol import Split


class Params(SplitParams):
    """Filters; with `pruner`, under every one of those."""


class Row(BaseRow):
    """One example that is a PIE under every pruner that has the sparsity."""

    dataset: str = Field(description="Name of the dataset.")
    split: Split = Field(description="Split the answer is about.")
    architecture: str = Field(description="Architecture.")
    sparsity: float = Field(description="Target sparsity, as a share.")
    num_seeds: int = Field(description="The smallest number of seeds over which one of the pruners was compared.")
    num_pruners: int = Field(description="Number of pruners under all of which the example is a PIE.")
    example_id: int = Field(description="Number of the example within dataset and split.")
    class_ids: list[int] = Field(description="Gold classes.")
    text: str = Field(description="The text.")
    study: str = Field(description="Studies that have runs of the recipe.")
    recipe_id: str = Field(description="What the compared runs share.")


QUESTION = Question("pies-under-every-pruner", Params, Row, reads="pies")
