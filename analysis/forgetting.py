"""Which examples are learnt and forgotten again (Toneva et al. 2019)."""

from pydantic import Field

from analysis.question import Question
from analysis.recorded import RecordedParams, RecordedRow


class Params(RecordedParams):
    """Filters."""


class Row(RecordedRow):
    """A prediction is right where it is exactly the gold classes."""

    forgettings: float = Field(
        description="Forgetting events, mean over the seeds: right at a recorded epoch, wrong at the next."
    )
    never_learnt: float = Field(description="Share of the seeds that have it right at no recorded epoch.")
    unforgettable: float = Field(description="Share of the seeds that have it right once, and from then on.")


QUESTION = Question("forgetting", Params, Row)
