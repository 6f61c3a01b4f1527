"""What `pie quickstart` shows of each answer, and the one sentence that says what it means, filled with its numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Rows = list[dict[str, Any]]

_VARIANT = ("pruner", "sparsity")


@dataclass(frozen=True)
class Shown:
    """The columns of an answer that are printed, and the filters with which it is asked."""

    columns: tuple[str, ...]
    filters: Mapping[str, str] = field(default_factory=dict)


SHOWN: Mapping[str, Shown] = {
    "/v1/pie-rate": Shown((*_VARIANT, "num_seeds", "num_examples", "num_pies", "pie_rate")),
    "/v1/accuracy": Shown((*_VARIANT, "num_seeds", "metric", "mean", "std")),
    "/v1/accuracy-on-pies": Shown(
        (*_VARIANT, "num_pies", "unpruned_on_all", "pruned_on_all", "unpruned_on_pies", "pruned_on_pies")
    ),
    "/v1/class-distribution": Shown((*_VARIANT, "class_name", "num_examples", "num_pies", "share_of_examples", "share_of_pies")),
    "/v1/influence": Shown(("bin", "el2n_min", "el2n_max", "num_examples", "num_pies", "pie_rate"), {"pruner": "IMP-FT", "sparsity": "0.99"}),
    "/v1/readability": Shown(("sparsity", "measure", "mean_of_examples", "mean_of_pies", "ratio"), {"pruner": "mean"}),
    "/v1/pies": Shown(
        ("example_id", "class_ids", "unpruned_votes", "pruned_votes", "text"),
        {"pruner": "IMP-FT", "sparsity": "0.5", "limit": "8"},
    ),
}  # fmt: skip
"""The questions with a table of their own, in the order in which they are asked."""


def finding(path: str, rows: Rows) -> str:
    """One sentence on what an answer of SHOWN shows."""
    if not rows:
        return "There is nothing to show: no example is a PIE."
    if path != "/v1/pie-rate" and not any(row.get("num_pies", 1) for row in rows):
        return "No example is a PIE."
    return _FINDINGS[path](rows)


def _variant(row: Mapping[str, Any]) -> str:
    return f"{row['pruner']} at {row['sparsity']:.0%}"


def _pie_rate(rows: Rows) -> str:
    least, most = min(rows, key=lambda row: row["pie_rate"]), max(rows, key=lambda row: row["pie_rate"])
    return (
        f"Pruning changes the majority prediction of {least['pie_rate']:.1%} ({_variant(least)}) to {most['pie_rate']:.1%} "
        f"({_variant(most)}) of the {most['num_examples']:,} test examples: those are the PIEs."
    )


def _accuracy(rows: Rows) -> str:
    unpruned = next(row for row in rows if row["pruner"] == "none")
    pruned = [row for row in rows if row["pruner"] != "none"]
    best, worst = max(pruned, key=lambda row: row["mean"]), min(pruned, key=lambda row: row["mean"])
    return (
        f"Unpruned, the mean accuracy is {unpruned['mean']:.3f}; pruned, it lies between {worst['mean']:.3f} ({_variant(worst)}) "
        f"and {best['mean']:.3f} ({_variant(best)})."
    )


def _accuracy_on_pies(rows: Rows) -> str:
    row = max((row for row in rows if row["num_pies"]), key=lambda row: row["unpruned_on_pies"] - row["pruned_on_pies"])
    return (
        f"The mean hides it: {_variant(row)} takes accuracy on all examples from {row['unpruned_on_all']:.2f} to "
        f"{row['pruned_on_all']:.2f}, but on its {row['num_pies']:,} PIEs from {row['unpruned_on_pies']:.2f} to {row['pruned_on_pies']:.2f}."
    )


def _class_distribution(rows: Rows) -> str:
    row = max(
        (row for row in rows if row["num_pies"]), key=lambda row: abs(row["share_of_pies"] - row["share_of_examples"])
    )
    return (
        f"PIEs need not fall on the classes evenly: class '{row['class_name']}' is {row['share_of_examples']:.0%} of the examples, "
        f"but {row['share_of_pies']:.0%} of the PIEs of {_variant(row)}."
    )


def _influence(rows: Rows) -> str:
    first, most = rows[0], max(rows, key=lambda row: row["pie_rate"])
    return (
        f"Of the {first['num_examples']} training examples with the lowest EL2N {first['pie_rate']:.0%} are PIEs; "
        f"most are in bin {most['bin']} of {len(rows)}, where {most['pie_rate']:.0%} are."
    )


def _readability(rows: Rows) -> str:
    measured = [row for row in rows if row["ratio"] is not None]
    if not measured:
        return "No example is a PIE."
    tokens = max((row for row in measured if row["measure"] == "num_tokens"), key=lambda row: row["sparsity"])
    above = sum(row["ratio"] > 1 for row in measured)
    return (
        f"At {tokens['sparsity']:.0%} sparsity, PIEs have {tokens['ratio']:.2f} times the tokens of an average example; "
        f"{above} of the {len(measured)} ratios are above 1."
    )


def _pies(rows: Rows) -> str:
    return (
        f"Each row is one text on which {rows[0]['num_seeds']} pruned models, by majority, disagree with the unpruned ones: "
        f"example {rows[0]['example_id']} goes from class {rows[0]['unpruned_class_ids'][0]} to {rows[0]['pruned_class_ids'][0]}."
    )


_FINDINGS: Mapping[str, Callable[[Rows], str]] = {
    "/v1/pie-rate": _pie_rate,
    "/v1/accuracy": _accuracy,
    "/v1/accuracy-on-pies": _accuracy_on_pies,
    "/v1/class-distribution": _class_distribution,
    "/v1/influence": _influence,
    "/v1/readability": _readability,
    "/v1/pies": _pies,
}
