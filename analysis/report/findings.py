"""What a warehouse shows, in words filled with its numbers."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from analysis.report.findings_by_kind import architectures, classes, influence, readability
from analysis.report.page import Finding
from analysis.report.rows import Rows, middle
from analysis.report.words import moves, share
from analysis.selection import configurations_in, percent
from analysis.tables.grid import is_extreme
from store.protocol import UNPRUNED

_METRICS = {"accuracy": "accuracy", "f1_macro": "macro F1"}


def findings(rows: Rows) -> list[Finding]:
    """The paper's claims, each held against what was measured here; those that there is nothing for are left out."""
    if rows.pie_rate.is_empty():
        return [Finding("Nothing to compare yet", [_nothing(rows)])]
    made = [
        Finding("PIEs bear the brunt", list(_brunt(rows))),
        Finding("How many examples are PIEs", list(_rates(rows))),
        Finding("More than chance", list(_chance(rows))),
        Finding("More pruning, more PIEs, less effectiveness", list(_growth(rows))),
        Finding("Architectures", list(architectures(rows))),
        Finding("Classes", list(classes(rows))),
        Finding("PIEs and influence", list(influence(rows))),
        Finding("PIEs and readability", list(readability(rows))),
    ]
    return [finding for finding in made if finding.sentences]


def _nothing(rows: Rows) -> str:
    if rows.accuracy.is_empty():
        return (
            "No published run has predictions yet, so that nothing can be said; how far the studies are stands below."
        )
    return (
        "No pruned variant has a seed in common with the unpruned one of its recipe yet, so that no example can be said to be "
        "a PIE; how far the studies are stands below."
    )


def _brunt(rows: Rows) -> Iterator[str]:
    """For each configuration its most effective pruner at the sparsity in the middle."""
    for configuration in configurations_in(rows.on_pies):
        of_it = configuration.of(rows.on_pies)
        sparsity = middle(of_it["sparsity"].unique().sort().to_list())
        best = (
            of_it.filter(sparsity=sparsity)
            .sort("pruned_on_all", descending=True, maintain_order=True)
            .row(0, named=True)
        )
        rate = configuration.of(rows.pie_rate).filter(pruner=best["pruner"], sparsity=sparsity).row(0, named=True)
        metric = _METRICS[best["metric"]]
        start = f"{configuration.name}, {best['pruner']} at {percent(sparsity)}, its most effective pruner there"
        if best["pruned_on_pies"] is None:
            yield f"{start}: no example of the {rate['split']} set is a PIE."
            continue
        yield (
            f"{start}: PIEs are {share(rate['pie_rate'])} of the {rate['num_examples']:,} examples of the {rate['split']} set; on "
            f"them {metric} {moves(best['unpruned_on_pies'], best['pruned_on_pies'])}, on all examples it "
            f"{moves(best['unpruned_on_all'], best['pruned_on_all'])}."
        )


def _rates(rows: Rows) -> Iterator[str]:
    for configuration in configurations_in(rows.pie_rate):
        rates = configuration.of(rows.pie_rate).sort("pie_rate", maintain_order=True)
        fewest, most = rates.row(0, named=True), rates.row(-1, named=True)
        if len(rates) == 1:
            yield f"{configuration.name}: {share(most['pie_rate'])} ({_variant(most)})."
            continue
        yield (
            f"{configuration.name}: from {share(fewest['pie_rate'])} ({_variant(fewest)}) to {share(most['pie_rate'])} "
            f"({_variant(most)})."
        )


def _chance(rows: Rows) -> Iterator[str]:
    """What the seeds alone make, beside the pruners at the sparsity in the middle."""
    noise_floor = rows.of_ballots["noise-floor"]
    for configuration in configurations_in(noise_floor):
        pruned = configuration.of(noise_floor).filter(pl.col("pruner") != UNPRUNED).drop_nulls("pie_rate_mean")
        if pruned.is_empty():
            continue
        least, most = (pruned.sort("pie_rate_mean").row(at, named=True) for at in (0, -1))
        noise = float(pruned["noise_floor_mean"].to_numpy().mean())
        pruners = (
            f"{share(least['pie_rate_mean'])} ({least['pruner']})"
            if len(pruned) == 1
            else f"from {share(least['pie_rate_mean'])} ({least['pruner']}) to {share(most['pie_rate_mean'])} ({most['pruner']})"
        )
        yield (
            f"{configuration.name}: between two halves of the unpruned seeds {share(noise)} of the examples would be PIEs; pruned to "
            f"{percent(least['sparsity'])}, at as many seeds, {pruners}."
        )


def _growth(rows: Rows) -> Iterator[str]:
    steps = (
        rows.pie_rate.sort("recipe_id", "pruner", "sparsity")
        .with_columns(step=pl.col("pie_rate").diff().over("recipe_id", "pruner"))["step"]
        .drop_nulls()
    )
    if len(steps):
        yield (
            f"From one sparsity of a pruner to its next higher one the PIE rate rises in {int((steps > 0).sum())} of {len(steps)} "
            "steps."
        )
    marked = rows.pie_rate.join(
        rows.accuracy.select("recipe_id", "split", "pruner", "sparsity", "mean"),
        on=["recipe_id", "split", "pruner", "sparsity"],
    ).with_columns(is_best=is_extreme("mean", largest=True), is_worst=is_extreme("mean", largest=False))
    keys = ["recipe_id", "split", "sparsity"]
    best = marked.filter("is_best").group_by(keys).agg(best=pl.col("pie_rate").mean())
    worst = marked.filter("is_worst").group_by(keys).agg(worst=pl.col("pie_rate").mean())
    pairs = best.join(worst, on=keys)
    if len(pairs):
        fewer = int((pairs["best"] < pairs["worst"]).sum())
        yield (
            f"The most effective pruner of a sparsity has fewer PIEs than the least effective one in {fewer} of {len(pairs)} cases "
            "(a dataset, an architecture and a sparsity)."
        )
    with_pies = rows.on_pies.drop_nulls("unpruned_on_pies")
    if len(with_pies):
        lower = int((with_pies["unpruned_on_pies"] < with_pies["unpruned_on_all"]).sum())
        cost_on_pies = with_pies["unpruned_on_pies"] - with_pies["pruned_on_pies"]
        cost_on_all = with_pies["unpruned_on_all"] - with_pies["pruned_on_all"]
        # Beyond what rounding makes of two equal differences.
        falls = int((cost_on_pies - cost_on_all > 1e-9).sum())
        yield (
            f"Unpruned models are less effective on the PIEs than on all examples in {lower} of {len(with_pies)} variants; pruning "
            f"costs more on the PIEs than on all examples in {falls} of {len(with_pies)}."
        )


def _variant(row: dict[str, Any]) -> str:
    return f"{row['pruner']} at {percent(row['sparsity'])}"
