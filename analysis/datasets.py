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


QUESTION = Question("datasets", Params, Row)
