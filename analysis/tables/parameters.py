"""Tables 5 and 6: how many parameters the models have, and how many pruning leaves."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from analysis.paper import beside, paper_frame
from analysis.selection import (
    Selection,
    architecture_name,
    configurations_in,
    dataset_name,
    percent,
    place,
    rows_of,
    sparsities_in,
)
from analysis.tables.grid import ABSENT
from analysis.tables.table import Cell, Column, Section, Table
from store.warehouse import Warehouse

_LACKING = "No run says how many parameters its model has."


def parameters_frame(warehouse: Warehouse, selection: Selection) -> pl.DataFrame:
    """The rows of `variants`, a sparsity of a recipe once: parameters, removed and remaining ones, the paper's beside."""
    rows = rows_of(warehouse, "variants", selection).filter(pl.col("num_parameters").is_not_null())
    sizes = rows.group_by("dataset", "architecture", "recipe_id", "study", "sparsity", maintain_order=True).agg(
        pl.col("num_parameters").max(), pl.col("num_pruned").max().fill_null(0)
    )
    sizes = sizes.with_columns(
        removed=pl.col("num_pruned") / pl.col("num_parameters"),
        remaining=pl.col("num_parameters") - pl.col("num_pruned"),
    )
    totals, shares = _paper_sizes()
    frame = sizes.join(totals, on=["architecture", "dataset"], how="left").join(
        shares, on=["architecture", "dataset", "sparsity"], how="left"
    )
    return frame.sort("architecture", "dataset", "recipe_id", "sparsity")


def _paper_sizes() -> tuple[pl.DataFrame, pl.DataFrame]:
    """The paper's number of parameters per model and dataset, and the shares of them removed at each sparsity."""
    paper = paper_frame("table5_parameters")
    prefix = "paper_removed_at_"
    shares = [
        (row["architecture"], row["dataset"], int(name.removeprefix(prefix)) / 100, value / 100)
        for row in paper.iter_rows(named=True)
        for name, value in row.items()
        if name.startswith(prefix)
    ]
    names = ["architecture", "dataset", "sparsity", "paper_removed"]
    return paper.select("architecture", "dataset", "paper_num_parameters"), pl.DataFrame(shares, names, orient="row")


def removed_table(warehouse: Warehouse, selection: Selection, with_paper: bool) -> Table:
    """Table 5."""
    frame = parameters_frame(warehouse, selection)
    sparsities = [sparsity for sparsity in sparsities_in(frame) if sparsity]
    rows: list[Sequence[Cell]] = []
    for configuration in sorted(configurations_in(frame), key=lambda c: place(c.architecture)):
        at = {row["sparsity"]: row for row in configuration.of(frame).iter_rows(named=True)}
        first = next(iter(at.values()))
        total = _cell(first, "num_parameters", "{:,.0f}", with_paper)
        model = architecture_name(configuration.architecture)
        recipe = f" ({configuration.recipe})" if configuration.recipe else ""
        shares = [_cell(at.get(sparsity), "removed", "{:.0%}", with_paper) for sparsity in sparsities]
        rows.append([Cell(model + recipe), Cell(dataset_name(configuration.dataset)), total, *shares])
    columns = [Column("LM", numeric=False), Column("Dataset", numeric=False), Column("# parameters")]
    table = Table(
        5,
        "Number of parameters of the models, and the share of them that pruning removes at each sparsity: a sparsity is a "
        "share of the weights that may be pruned.",
        frame,
        [*columns, *(Column(percent(sparsity)) for sparsity in sparsities)],
        [Section("", rows)] if rows else [],
    )
    return table if rows else table.noting(_LACKING)


def remaining_frame(warehouse: Warehouse, selection: Selection) -> pl.DataFrame:
    """A row per architecture and sparsity: parameters that remain of its smallest model, the paper's beside.

    The paper does not say of which dataset: its numbers are those of IMDB, whose two classes make the smallest models.
    """
    frame = parameters_frame(warehouse, selection)
    frame = frame.filter(pl.col("num_parameters") == pl.col("num_parameters").min().over("architecture"))
    frame = frame.unique(["architecture", "sparsity"], keep="first", maintain_order=True)
    return beside(frame.select("architecture", "dataset", "sparsity", "remaining"), "table6_remaining")


def remaining_table(warehouse: Warehouse, selection: Selection, with_paper: bool) -> Table:
    """Table 6."""
    frame = remaining_frame(warehouse, selection)
    sparsities = sparsities_in(frame)
    rows: list[Sequence[Cell]] = []
    for architecture in sorted(frame["architecture"].unique().to_list(), key=place):
        at = {row["sparsity"]: row for row in frame.filter(architecture=architecture).iter_rows(named=True)}
        cells = [_cell(at.get(sparsity), "remaining", "{:.1e}", with_paper) for sparsity in sparsities]
        rows.append([Cell(architecture_name(architecture)), *cells])
    table = Table(
        6,
        "Number of parameters of the unpruned models, and of those that remain at each sparsity; of the dataset whose "
        "classification layer is the smallest.",
        frame,
        [Column("Architecture", numeric=False), *(Column(percent(s) if s else "Unpruned") for s in sparsities)],
        [Section("", rows)] if rows else [],
    )
    return table if rows else table.noting(_LACKING)


def _cell(row: dict[str, Any] | None, name: str, form: str, with_paper: bool) -> Cell:
    if row is None or row[name] is None:
        return Cell(ABSENT)
    paper = row[f"paper_{name}"] if with_paper else None
    return Cell(_printed(form, row[name]), paper=None if paper is None else _printed(form, paper))


def _printed(form: str, value: float) -> str:
    """A number in a format; a power of ten as the paper writes it, such as 10^8."""
    text = form.format(value)
    if "e" not in form:
        return text
    mantissa, exponent = text.split("e")
    return f"{mantissa} × 10^{int(exponent)}"
