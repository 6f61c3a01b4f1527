"""Whether the PIEs of two variants are the same examples."""

from pydantic import Field

from analysis.question import PrunerName, Question, Share, SplitParams, VariantRow


class Params(SplitParams):
    """Filters."""

    other_pruner: list[PrunerName] | None = Field(
        None, description="Only pairs whose other variant has these pruners.", examples=[["RP-AI"]]
    )
    other_sparsity: list[Share] | None = Field(
        None, description="Only pairs whose other variant has these sparsities.", examples=[[0.9]]
    )


class Row(VariantRow):
    """One split and ordered pair of pruned variants of one recipe: each pair stands there in both orders."""

    other_pruner: str = Field(description="Pruner of the other variant.")
    other_sparsity: float = Field(description="Sparsity of the other variant.")
    other_num_seeds: int = Field(description="Number of seeds over which the other variant's PIEs were taken.")
    num_examples: int = Field(description="Number of examples.")
    num_pies: int = Field(description="Number of PIEs of the variant.")
    other_num_pies: int = Field(description="Number of PIEs of the other variant.")
    num_common: int = Field(description="Number of PIEs of both.")
    jaccard: float | None = Field(
        description="num_common divided by the number of PIEs of either; null where neither has any."
    )


QUESTION = Question("pie-overlap", Params, Row, reads="pies")
