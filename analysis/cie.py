"""Which examples compression moved most (Hooker et al. 2020)."""

from pydantic import Field

from analysis.question import Question, SplitParams, VariantRow


class Params(SplitParams):
    """Filters."""


class Row(VariantRow):
    """One example whose votes differ between a pruned variant and the unpruned one."""

    example_id: int = Field(description="Number of the example within dataset and split.")
    taxicab_distance: float = Field(
        description="Sum over the classes of the difference between the sides' shares of votes: at most 2 for a single label."
    )
    is_modal_cie: bool = Field(description="Whether the modal label is another: whether it is a PIE.")


QUESTION = Question("cie", Params, Row)
