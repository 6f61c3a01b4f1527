"""Where each example lies on the data map (Swayamdipta et al. 2020)."""

from pydantic import Field

from analysis.question import Question
from analysis.recorded import RecordedParams, RecordedRow


class Params(RecordedParams):
    """Filters."""


class Row(RecordedRow):
    """Of each seed over its recorded epochs, then the mean over the seeds."""

    confidence: float | None = Field(
        description="Mean probability of the gold class (multi-label: of the right one of each class's yes and no, mean over "
        "the classes); null where logits are not stored."
    )
    variability: float | None = Field(description="Standard deviation of that probability (population); null likewise.")
    correctness: float = Field(
        description="Share of the recorded epochs, of all seeds together, at which the prediction is exactly the gold classes."
    )


QUESTION = Question("data-map", Params, Row)
