"""What is known of one example."""

from pydantic import BaseModel, Field

from analysis.question import Params as BaseParams
from analysis.question import Question
from analysis.question import Row as BaseRow
from store.protocol import Split


class Params(BaseParams):
    """Which example."""

    dataset: str = Field(description="Name of the dataset.", examples=["rotten_tomatoes"])
    split: Split = Field(description="Split.", examples=["test"])
    example_id: int = Field(description="Number of the example.", ge=0, le=2**31 - 1, examples=[0])


class Influence(BaseModel):
    """An example's influence in one recipe."""

    recipe_id: str = Field(description="The recipe.")
    influence: float = Field(description="EL2N, mean over the unpruned seeds.")


class Trajectory(BaseModel):
    """An example's EL2N over one run."""

    run_id: str = Field(description="The run.")
    recipe_id: str = Field(description="Its recipe.")
    pruner: str = Field(description="Pruner; none for unpruned.")
    sparsity: float = Field(description="Target sparsity, as a share.")
    seed: int = Field(description="Seed.")
    epochs: list[int] = Field(description="Epochs, from 0.")
    el2n: list[float] = Field(description="EL2N after each of them.")


class Prediction(BaseModel):
    """What the seeds of one variant predicted of an example."""

    recipe_id: str = Field(description="What the compared runs share.")
    architecture: str = Field(description="Architecture.")
    pruner: str = Field(description="Pruner; none for unpruned.")
    sparsity: float = Field(description="Target sparsity, as a share.")
    num_seeds: int = Field(description="Number of published runs.")
    votes: list[int] = Field(description="For each class, in order, the number of seeds that predicted it.")
    class_ids: list[int] = Field(description="Majority label.")
    mean_probabilities: list[float] | None = Field(
        description="For each class, in order, the probability, mean over the seeds; null where no logits are stored."
    )


class Row(BaseRow):
    """One example."""

    dataset: str = Field(description="Name of the dataset.")
    split: Split = Field(description="Split.")
    example_id: int = Field(description="Number of the example within dataset and split.")
    text: str = Field(description="The text.")
    class_ids: list[int] = Field(description="Gold classes.")
    class_names: list[str] = Field(description="Names of all classes of the dataset, in order.")
    num_tokens: int = Field(description="Number of tokens.")
    readability: dict[str, float | None] = Field(description="Its scores by measure.")
    influence: list[Influence] = Field(description="Its influence in each recipe; empty but for training examples.")
    el2n: list[Trajectory] = Field(description="Its EL2N over each run; empty but for training examples.")
    variants: list[Prediction] = Field(description="What each variant's seeds predicted at their last epochs.")


QUESTION = Question("example", Params, Row, path="examples/{dataset}/{split}/{example_id}", single=True)
