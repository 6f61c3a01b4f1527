"""What PIEs depend on, in words: architecture, class, influence, readability."""

from collections.abc import Iterator

import polars as pl

from analysis.figures.readability import MEASURES
from analysis.report.rows import Rows
from analysis.report.words import share
from analysis.selection import architecture_name, configurations_in, dataset_name, percent, place


def architectures(rows: Rows) -> Iterator[str]:
    """The PIE rate of each architecture of a dataset, averaged over its variants."""
    rates = rows.pie_rate.group_by("dataset", "architecture").agg(
        pl.col("pie_rate").mean(), pl.len().alias("num_variants")
    )
    for dataset in sorted(rates["dataset"].unique().to_list(), key=place):
        found = sorted(rates.filter(dataset=dataset).iter_rows(named=True), key=lambda row: place(row["architecture"]))
        if len(found) > 1:
            listed = ", ".join(
                f"{share(row['pie_rate'])} with {architecture_name(row['architecture'])} ({_mean_of(row['num_variants'])})"
                for row in found
            )
            yield f"{dataset_name(dataset)}: of all examples are PIEs {listed}."


def _mean_of(num_variants: int) -> str:
    return f"mean of {num_variants} variants" if num_variants > 1 else "1 variant"


def classes(rows: Rows) -> Iterator[str]:
    """The most frequent class of each configuration, whose share of the PIEs is averaged over the variants."""
    for configuration in configurations_in(rows.classes):
        of_it = configuration.of(rows.classes).drop_nulls("share_of_pies")
        if of_it.is_empty() or of_it["class_id"].n_unique() < 3:
            continue
        first = of_it.group_by("class_id", "class_name").agg(
            pl.col("share_of_examples").first(), pl.col("share_of_pies").mean(), pl.col("num_examples").first()
        )
        top = first.sort(["num_examples", "class_id"], descending=[True, False]).row(0, named=True)
        touched = of_it.group_by("class_id").agg(pl.col("num_pies").sum()).filter(pl.col("num_pies") > 0)
        yield (
            f"{configuration.name}: the most frequent class, {top['class_name']}, has {share(top['share_of_examples'])} of all "
            f"examples and {share(top['share_of_pies'])} of the PIEs (mean over the variants); {len(touched)} of "
            f"{of_it['class_id'].n_unique()} classes have PIEs."
        )


def influence(rows: Rows) -> Iterator[str]:
    """The PIE rate of the most and the least influential bin of each configuration, averaged over the variants."""
    for configuration in configurations_in(rows.influence):
        rates = (
            configuration.of(rows.influence)
            .group_by("bin")
            .agg(pl.col("pie_rate").mean(), pl.col("pie_rate").max().alias("most"))
        )
        top, bottom = (
            rates.filter(bin=number).row(0, named=True) for number in (rates["bin"].max(), rates["bin"].min())
        )
        yield (
            f"{configuration.name}: of the most influential {share(1 / len(rates))} of the training examples {share(top['pie_rate'])} are "
            f"PIEs, of the least influential {share(bottom['pie_rate'])} (mean over the variants; at most {share(top['most'])} and "
            f"{share(bottom['most'])})."
        )


def readability(rows: Rows) -> Iterator[str]:
    """How often, and how far at most, the PIEs of each configuration score higher than all texts."""
    for configuration in configurations_in(rows.readability):
        of_it = configuration.of(rows.readability).filter(pruner="mean").drop_nulls("ratio")
        if of_it.is_empty():
            continue
        above = int((of_it["ratio"] > 1).sum())
        of_it = of_it.sort("ratio", descending=True, maintain_order=True)
        most = of_it.row(0, named=True)
        length = of_it.filter(measure="num_tokens")
        longest = (
            f" Their texts are at most {length.row(0, named=True)['ratio']:.2f} times as long." if len(length) else ""
        )
        yield (
            f"{configuration.name}: averaged over the pruners, the texts of PIEs score higher than all texts in {above} of "
            f"{len(of_it)} cases (a measure and a sparsity), at most {most['ratio']:.2f} times "
            f"({MEASURES[most['measure']][4:]} at {percent(most['sparsity'])}).{longest}"
        )
