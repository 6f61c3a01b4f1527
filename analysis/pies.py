"""Which examples are PIEs, and what both sides say of them (table 1)."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from analysis.question import Question, SplitParams, VariantRow

ClassIds = list[Annotated[int, Field(ge=0, le=32767)]] | None
Score = Annotated[float, Field(description="Its score by this measure of readability.")]


class Params(SplitParams):
    """Filters."""

    class_id: ClassIds = Field(None, description="Only PIEs that have one of these gold classes.", examples=[[0]])
    unpruned_class_id: ClassIds = Field(
        None, description="Only PIEs whose unpruned majority label has one of these classes.", examples=[[0]]
    )
    pruned_class_id: ClassIds = Field(
        None, description="Only PIEs whose pruned majority label has one of these classes.", examples=[[1]]
    )
    min_margin: float | None = Field(
        None, ge=0, le=1, description="Only PIEs on which both sides are at least so decided.", examples=[0.5]
    )
    max_margin: float | None = Field(
        None, ge=0, le=1, description="Only PIEs on which a side is no more decided than this.", examples=[1.0]
    )
    bin: list[Annotated[int, Field(ge=1, le=20)]] | None = Field(
        None,
        description="Only PIEs of these bins of influence, 20 the most influential; for the split train.",
        examples=[[20]],
    )
    text: list[str] | None = Field(
        None, description="Only PIEs whose text holds one of these, in capitals or not.", examples=[["number"]]
    )

    @model_validator(mode="after")
    def _bins_are_of_training_examples(self) -> Self:
        if self.bin is not None and "train" not in self.split:
            raise ValueError("only training examples have an influence; ask for bins of the split train")
        return self


class Row(VariantRow):
    """One PIE of a pruned variant."""

    example_id: int = Field(description="Number of the example within dataset and split.")
    class_ids: list[int] = Field(description="Gold classes.")
    unpruned_class_ids: list[int] = Field(description="Majority label of the unpruned variant.")
    pruned_class_ids: list[int] = Field(description="Majority label of the pruned variant.")
    unpruned_votes: list[int] = Field(
        description="For each class, in order, the number of unpruned seeds that predicted it."
    )
    pruned_votes: list[int] = Field(
        description="For each class, in order, the number of pruned seeds that predicted it."
    )
    text: str = Field(description="The text.")
    class_names: list[str] = Field(description="Names of the gold classes.")
    unpruned_class_names: list[str] = Field(description="Names of the unpruned majority label.")
    pruned_class_names: list[str] = Field(description="Names of the pruned majority label.")
    margin: float = Field(
        description="How decisively the two sides disagree, as a share of the seeds: the lesser of their margins of votes."
    )
    influence: float | None = Field(description="Its influence; null but for training examples.")
    bin: int | None = Field(description="Its bin of influence, 1 to 20; null but for training examples.")
    automated_readability_index: Score
    coleman_liau_index: Score
    flesch_kincaid_grade: Score
    linsear_write_formula: Score
    gunning_fog: Score
    dale_chall_readability_score: Score
    difficult_words: int = Field(description="Number of difficult words.")
    num_tokens: int = Field(description="Number of tokens.")


QUESTION = Question("pies", Params, Row, reads="pies")
