"""How much the pruned models disagree with the unpruned ones, by every measure of agreement."""

from pydantic import Field

from analysis.question import Question, SplitParams, VariantRow

LOYALTY = (
    "1 - sqrt(JS), natural logarithm, of both runs' predicted probabilities (Xu et al. 2021; multi-label: JS of each "
    "class's yes and no, mean over the classes), mean over examples and seeds"
)


class Params(SplitParams):
    """Filters."""


class Row(VariantRow):
    """One pruned variant and split. Shares are of all examples, taken for each pair of runs of one seed."""

    num_examples: int = Field(description="Number of examples.")
    flips_mean: float = Field(
        description="Share of examples that became incorrect or became correct (Dutta et al. 2024; multi-label: the whole "
        "set is right or not), mean over the seeds."
    )
    flips_std: float | None = Field(description="Its sample standard deviation; null for one seed.")
    to_incorrect_mean: float = Field(description="Share of examples that became incorrect, mean over the seeds.")
    to_correct_mean: float = Field(description="Share of examples that became correct, mean over the seeds.")
    churn_mean: float = Field(description="Share of predictions (sets) that changed, mean over the seeds.")
    churn_std: float | None = Field(description="Its sample standard deviation; null for one seed.")
    label_loyalty_mean: float = Field(description="Share of predictions that agree: 1 - churn_mean (Xu et al. 2021).")
    label_loyalty_std: float | None = Field(description="Its sample standard deviation; null for one seed.")
    probability_loyalty_mean: float | None = Field(description=f"{LOYALTY}; null where logits are not stored.")
    probability_loyalty_std: float | None = Field(
        description="Sample standard deviation over the seeds; null for one seed."
    )
    num_modal_cies: int = Field(
        description="Number of examples with another modal label (Hooker et al. 2020): with the protocol's rule for ties, the PIEs."
    )
    modal_cie_rate: float = Field(description="num_modal_cies / num_examples.")
    num_taxicab_cies: int = Field(description="Number of examples with other votes (Hooker et al. 2020).")
    taxicab_mean: float = Field(
        description="Sum over the classes of the difference between the sides' shares of votes, mean over all examples."
    )


QUESTION = Question("disagreement", Params, Row)
