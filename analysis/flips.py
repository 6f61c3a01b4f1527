"""Which predictions pruning changed, run by run (Dutta et al. 2024, Xu et al. 2021)."""

from typing import Annotated

import pyarrow as pa
from pydantic import Field

from analysis.mcnemar import exact_p_value
from analysis.question import Question, SplitParams, VariantRow
from analysis.rows import rows_of


class Params(SplitParams):
    """Filters."""

    seed: list[Annotated[int, Field(ge=0)]] | None = Field(None, description="Only these seeds.", examples=[[0]])


class Row(VariantRow):
    """One pruned run and split, against the unpruned run of its seed."""

    seed: int = Field(description="Seed of both runs.")
    num_examples: int = Field(description="Number of examples.")
    num_changed: int = Field(description="Number of examples whose prediction (multi-label: set) is another.")
    num_to_incorrect: int = Field(description="Number of examples that only the unpruned run has right.")
    num_to_correct: int = Field(description="Number of examples that only the pruned run has right.")
    flips: float = Field(description="(num_to_incorrect + num_to_correct) / num_examples (Dutta et al. 2024).")
    churn: float = Field(description="num_changed / num_examples.")
    label_loyalty: float = Field(description="1 - churn: the share of predictions that agree (Xu et al. 2021).")
    probability_loyalty: float | None = Field(
        description="1 - sqrt(JS), natural logarithm, of the predicted probabilities, mean over the examples (multi-label: "
        "JS of each class's yes and no, mean over the classes); null where logits are not stored."
    )
    p_value: float = Field(description="McNemar's exact test, two-sided, of the pair's correctness; 1 without flips.")


def compute(pairs: pa.Table, params: Params) -> pa.Table:
    """The pairs of runs with their shares and p-values."""
    return rows_of(
        Row,
        (
            pair
            | {
                "flips": (pair["num_to_incorrect"] + pair["num_to_correct"]) / pair["num_examples"],
                "churn": pair["num_changed"] / pair["num_examples"],
                "label_loyalty": 1 - pair["num_changed"] / pair["num_examples"],
                "p_value": exact_p_value(pair["num_to_incorrect"], pair["num_to_correct"]),
            }
            for pair in pairs.to_pylist()
        ),
    )


QUESTION = Question("flips", Params, Row, compute=compute)
