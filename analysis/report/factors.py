"""What disagreement depends on: classes, and a model of class, influence, readability and length together."""

from collections.abc import Mapping
from math import exp
from typing import Any

import polars as pl

from analysis.report.by_pruner import Print, by_pruner, count, printed
from analysis.report.rows import Rows
from analysis.tables.grid import ABSENT
from analysis.tables.table import Table

_GROUP = ["dataset", "architecture", "recipe_id", "study", "pruner", "num_seeds"]
_SURE = 0.05
_NUM_EXAMPLES = 5_000
"""So many examples of a variant are modelled."""
_TERMS = {
    "influence_bin": "Influence, a bin",
    "readability": "Readability, a deviation",
    "length": "Length, a doubling",
}


def class_impact_table(rows: Rows, sparsity: float) -> Table:
    """How many classes pruning hits otherwise than the rest."""
    sure = pl.col("p_value") < _SURE
    frame = (
        rows.of_ballots["class-impact"]
        .group_by(_GROUP, maintain_order=True)
        .agg(
            num_classes=pl.len(),
            num_harder=(sure & (pl.col("impact") < 0)).sum(),
            num_less=(sure & (pl.col("impact") > 0)).sum(),
            hardest=pl.col("class_name").sort_by("impact").first(),
            least=pl.col("impact").min(),
        )
    )
    return by_pruner(
        frame,
        "Classes that pruning hits otherwise than all classes together: how much their recall falls or rises beside that of all, by "
        "Welch's test over the seeds (Hooker et al. 2019), p < 0.05 without correction; and the class that loses most.",
        {
            "Classes": count("num_classes"),
            "Hit harder": count("num_harder"),
            "Hit less": count("num_less"),
            "Hardest hit": lambda row: f"{row['hardest']} ({row['least']:+.3f})",
        },
        sparsity,
    )


def factors_table(rows: Rows, sparsity: float) -> Table:
    """The logistic model of each variant: odds ratios of its numbers, and how many classes matter."""
    split = "test" if rows.influence.is_empty() else "train"
    found = rows.of_measured(sparsity, "pie-factors", split=[split], max_examples=_NUM_EXAMPLES)
    of_class = pl.col("term") == "class"
    frame = found.group_by(_GROUP, maintain_order=True).agg(
        pl.col("num_pies", "num_examples").first(),
        num_classes=(of_class & (pl.col("p_value") < _SURE)).sum(),
        **{term: pl.struct("odds_ratio", "low", "high").filter(pl.col("term") == term).first() for term in _TERMS},
    )
    return by_pruner(
        frame,
        f"What being a PIE depends on, each held against the others: odds ratios, with 95 % intervals, of a logistic model of the "
        f"{split} set (at most {_NUM_EXAMPLES:,} examples) by class, bin of influence (of 20), readability (Flesch-Kincaid grade) and "
        "length; and the number of classes that matter (p < 0.05). Above 1, the more, the likelier a PIE.",
        {
            "PIEs": lambda row: f"{row['num_pies']:,} of {row['num_examples']:,}",
            **{name: _odds(term) for term, name in _TERMS.items()},
            "Classes": count("num_classes"),
        },
        sparsity,
    )


def _odds(term: str) -> Print:
    def write(row: Mapping[str, Any]) -> str:
        found = row[term]
        if found is None or found["odds_ratio"] is None:
            return ABSENT
        low, high = (exp(found[end]) for end in ("low", "high"))
        return f"{printed(found['odds_ratio'], 2)} [{printed(low, 2)}, {printed(high, 2)}]"

    return write
