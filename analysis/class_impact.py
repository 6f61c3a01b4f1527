"""Which classes pruning hits harder than the rest (Hooker et al. 2019)."""

from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from analysis.question import Question, SplitParams, VariantRow
from analysis.rows import rows_of

_EXACT = 1e-9
"""Deviations below this are what rounding makes of equal values."""


class Params(SplitParams):
    """Filters."""

    class_id: list[Annotated[int, Field(ge=0)]] | None = Field(
        None, description="Only these gold classes.", examples=[[0]]
    )


class Row(VariantRow):
    """One class that examples of the split have. A run's shift is its recall of the class less that of all gold labels."""

    class_id: int = Field(description="Number of the class.")
    class_name: str = Field(description="Name of the class.")
    num_examples: int = Field(description="Number of examples that have the class.")
    unpruned_recall: float = Field(description="Share of them for which the class is predicted, mean over the seeds.")
    pruned_recall: float = Field(description="The same of the pruned runs.")
    unpruned_recall_of_all: float = Field(
        description="Share of all gold labels that are predicted (single-label: accuracy), mean over the seeds."
    )
    pruned_recall_of_all: float = Field(description="The same of the pruned runs.")
    impact: float = Field(
        description="How much more the class loses or gains by pruning than all classes do: the pruned runs' mean shift less "
        "the unpruned runs'; below 0 the class is hit harder."
    )
    t: float | None = Field(description="Welch's t of both sides' shifts; null where it is not defined.")
    p_value: float | None = Field(
        description="Two-sided p-value of equal shifts; null with one seed, or where no side varies."
    )


def compute(classes: pa.Table, params: Params) -> pa.Table:
    """The classes with their impact and its test."""
    return rows_of(Row, (_tested(row) for row in classes.to_pylist()))


def _tested(row: dict[str, Any]) -> dict[str, Any]:
    from scipy.stats import ttest_ind_from_stats

    stds = [row.pop(f"{side}_std") for side in ("pruned", "unpruned")]
    shifts = [row[f"{side}_recall"] - row[f"{side}_recall_of_all"] for side in ("pruned", "unpruned")]
    tested: dict[str, float | None] = {"t": None, "p_value": None}
    if row["num_seeds"] > 1 and max(stds) > _EXACT:
        sides = [value for side in zip(shifts, stds, strict=True) for value in (*side, row["num_seeds"])]
        found = ttest_ind_from_stats(*sides, equal_var=False)
        tested = {"t": float(found.statistic), "p_value": float(found.pvalue)}
    return row | {"impact": shifts[0] - shifts[1]} | tested


QUESTION = Question("class-impact", Params, Row, compute=compute)
