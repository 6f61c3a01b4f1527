"""Which datasets are there."""

from pydantic import Field

from analysis.question import Question, StudyParams
from analysis.question import Row as BaseRow
from store.protocol import Task


class Params(StudyParams):
    """Filters."""


class Row(BaseRow):
    """One dataset."""

    dataset: str = Field(description="Name of the dataset.")
    task: Task = Field(description="single_label or multi_label.")
    num_classes: int = Field(description="Number of classes.")
    num_train: int = Field(description="Number of training examples.")
    num_validation: int = Field(description="Number of validation examples.")
    num_test: int = Field(description="Number of test examples.")
    digest: str = Field(description="SHA-256 of its content.")
    mean_tokens: float = Field(description="Mean number of tokens of a text, over all splits.")
    median_tokens: float = Field(description="Its median.")
    min_tokens: int = Field(description="The smallest number of tokens.")
    max_tokens: int = Field(description="The largest number of tokens, before any cut.")
    std_tokens: float | None = Field(description="Sample standard deviation of the number of tokens.")
    tokens_85_percent: int = Field(description="85 % of the texts have at most so many tokens.")


QUESTION = Question("datasets", Params, Row)
