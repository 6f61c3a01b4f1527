"""The measures that the paper does not have, as tables: every pruner of each configuration at one sparsity."""

import polars as pl

from analysis.report.by_pruner import by_pruner, count, interval, listed, number, p_value, printed
from analysis.report.factors import class_impact_table, factors_table
from analysis.report.rows import READ_BY, Rows
from analysis.selection import configurations_in, percent, pruners_in
from analysis.tables.grid import KEYS, keys_of
from analysis.tables.table import Cell, Column, Table

_NUM_SHOWN = 5
"""So many examples that are PIEs under every pruner."""
_VARIANT = ["recipe_id", "pruner", "sparsity", "split"]
_NAMES = ["dataset", "architecture", "recipe_id", "study", "pruner", "num_seeds"]
"""What names a row of a table, in answers about one sparsity."""


def _certainty(rows: Rows, sparsity: float) -> Table:
    """How certain rates and effectiveness are, and what the seeds alone make."""
    accuracies = rows.of_measured(sparsity, "accuracy-interval")
    noise = rows.of_ballots["noise-floor"].select(*_VARIANT, "noise_floor_mean", "ratio")
    frame = (
        rows.of_ballots["pie-rate-interval"]
        .join(noise, on=_VARIANT)
        .join(accuracies.select(*_VARIANT, "difference", "difference_low", "difference_high"), on=_VARIANT)
    )
    return by_pruner(
        frame,
        "How certain it is, given that other seeds could have been drawn: 95 % bootstrap intervals over the seeds of the PIE rate and "
        "of what pruning adds to accuracy or macro F1; the noise floor is the rate of PIEs between two halves of the unpruned "
        "seeds, and the ratio is how many times that the variant's own rate is, at as many seeds.",
        {
            "PIE rate": interval("pie_rate", "pie_rate_low", "pie_rate_high"),
            "Noise floor": number("noise_floor_mean"),
            "Ratio": number("ratio", 1),
            "Effectiveness": interval("difference", "difference_low", "difference_high"),
        },
        sparsity,
    )


def _disagreement(rows: Rows, sparsity: float) -> Table:
    return by_pruner(
        rows.of_ballots["disagreement"],
        "Measures of disagreement, mean over the seeds' pairs of runs: PIEs (modal CIE), flips (Dutta et al. 2024), churn, label "
        "and probability loyalty (Xu et al. 2021), taxicab distance of the votes (Hooker et al. 2020).",
        {
            "PIEs": number("modal_cie_rate"),
            "Flips": number("flips_mean"),
            "Churn": number("churn_mean"),
            "Label loyalty": number("label_loyalty_mean"),
            "Prob. loyalty": number("probability_loyalty_mean"),
            "Taxicab": number("taxicab_mean"),
        },
        sparsity,
    )


def _mcnemar(rows: Rows, sparsity: float) -> Table:
    return by_pruner(
        rows.of_measured(sparsity, "mcnemar"),
        "Whether the two sides err on different examples: examples that one side alone has right, by majority label, and McNemar's "
        "exact test.",
        {
            "Unpruned alone": count("num_unpruned_correct"),
            "Pruned alone": count("num_pruned_correct"),
            "p": p_value,
        },
        sparsity,
    )


def _holste(rows: Rows, sparsity: float) -> Table:
    """How many of the PIEs by rank correlation are PIEs by majority label."""
    found = rows.of_measured(sparsity, "holste-pies")
    frame = found.group_by(_NAMES, maintain_order=True).agg(
        num_holste=pl.len(),
        highest=pl.col("rank_correlation").max(),
        share=pl.col("is_pie").mean(),
    )
    return by_pruner(
        frame,
        "PIEs as Holste et al. (2023) define them: the 5 % of the examples whose classes both sides rank least alike, by Spearman's "
        "correlation of the probabilities averaged over the seeds; the highest correlation among them, and how many of them are "
        "PIEs by majority label.",
        {"Examples": count("num_holste"), "Highest correlation": number("highest"), "Also PIEs": number("share", 2)},
        sparsity,
    )


def _readability(rows: Rows, sparsity: float) -> Table:
    """Whether PIEs are harder to read, by the ratio of means, and how certain that is."""
    ends = {"ratio": "ratio", "low": "ratio_low", "high": "ratio_high"}
    found = rows.of_ballots["readability-interval"]
    frame = found.group_by(_NAMES, maintain_order=True).agg(
        pl.col(column).filter(pl.col("measure") == measure).first().alias(f"{measure}_{end}")
        for measure in READ_BY
        for end, column in ends.items()
    )
    return by_pruner(
        frame,
        "Whether PIEs are harder to read: a measure's mean over the PIEs divided by its mean over all examples, with 95 % bootstrap "
        "intervals over the seeds.",
        {
            name: interval(f"{measure}_ratio", f"{measure}_low", f"{measure}_high", 2)
            for measure, name in READ_BY.items()
        },
        sparsity,
    )


def _forgetting(rows: Rows, sparsity: float) -> Table:
    """How much of what a variant has learnt it forgets again."""
    # Of one recorded epoch nothing can be forgotten: to see that, one example is enough.
    first = rows.of_measured(sparsity, "forgetting", example_id=[0])
    found = first if (first["num_epochs"] < 2).all() else rows.of_measured(sparsity, "forgetting")
    found = found.filter(pl.col("num_epochs") > 1)
    frame = found.group_by(_NAMES, maintain_order=True).agg(
        pl.col("num_epochs").max(), pl.col("forgettings", "never_learnt", "unforgettable").mean()
    )
    return by_pruner(
        frame,
        "What is learnt and forgotten again over the recorded epochs (Toneva et al. 2019): forgetting events of an example, the share of the "
        "seeds that have it right at no epoch, and of those that have it right once and from then on; means over examples and seeds.",
        {
            "Epochs": count("num_epochs"),
            "Forgettings": number("forgettings"),
            "Never learnt": number("never_learnt"),
            "Unforgettable": number("unforgettable"),
        },
        sparsity,
    )


def _overlap(rows: Rows, sparsity: float) -> Table:
    """How much of the PIEs two pruners share."""
    frame = rows.at(sparsity, "pie-overlap", other_sparsity=[sparsity])
    pruners, lines = pruners_in(frame), []
    for configuration in configurations_in(frame):
        found = configuration.of(frame)
        at = {(row["pruner"], row["other_pruner"]): row["jaccard"] for row in found.iter_rows(named=True)}
        for pruner in pruners_in(found):
            cells = [Cell("" if other == pruner else printed(at.get((pruner, other)), 2)) for other in pruners]
            lines.append([*keys_of(configuration), Cell(pruner), *cells])
    caption = (
        "How the PIEs of two pruners overlap: examples that are PIEs of both, divided by those that are PIEs of either (Jaccard). "
        f"At {percent(sparsity)}."
    )
    columns = [*KEYS, *(Column(pruner) for pruner in pruners)]
    return listed(caption, frame, columns, lines, f"There are no two pruners at {percent(sparsity)} yet.")


def _under_every_pruner(rows: Rows, sparsity: float) -> Table:
    """Some of the examples that are PIEs whatever the pruner."""
    frame = rows.at(sparsity, "pies-under-every-pruner", limit=_NUM_SHOWN)
    lines = [
        [*keys_of(configuration), Cell(str(row["example_id"])), Cell(row["text"][:300])]
        for configuration in configurations_in(frame)
        for row in configuration.of(frame).iter_rows(named=True)
    ]
    columns = [*KEYS[:2], Column("Example"), Column("Text", numeric=False)]
    caption = f"Examples that are PIEs under every pruner at {percent(sparsity)}: the first {_NUM_SHOWN}."
    return listed(caption, frame, columns, lines, "No example is a PIE under every pruner.")


MEASURES = (
    _certainty,
    _disagreement,
    _mcnemar,
    _holste,
    _readability,
    _forgetting,
    class_impact_table,
    factors_table,
    _overlap,
    _under_every_pruner,
)
"""What makes the tables of all measures, each at one sparsity, which bounds what they read."""
