"""Which studies are there, and how far they are."""

from pydantic import Field

from analysis.question import Question, RecipeParams
from analysis.question import Row as BaseRow


class Params(RecipeParams):
    """Filters."""


class Row(BaseRow):
    """One study."""

    study: str = Field(description="Name of the study.")
    dataset: str = Field(description="Name of the dataset.")
    architecture: str = Field(description="Architecture.")
    num_runs: int = Field(description="Number of runs the study holds when complete.")
    num_published: int = Field(description="Number of runs first planned by it that are published.")
    num_failed: int = Field(description="Number of runs first planned by it that failed.")
    recipe_id: str = Field(description="What its runs share.")


QUESTION = Question("studies", Params, Row)
