"""Table 1: examples on which pruned and unpruned models disagree."""

from typing import Any

import polars as pl

from analysis.selection import Configuration, Selection, configurations_in, percent, place, rows_of
from analysis.tables.table import Cell, Column, Section, Table
from store.warehouse import Warehouse

CAPTION = "Examples on which the pruned and the unpruned models disagree."
_NUM_EXAMPLES = 2
_NUM_LETTERS = 600
"""What is printed of a long text; the frame has all of it."""


def examples_table(warehouse: Warehouse, selection: Selection, with_paper: bool) -> Table:
    """Table 1: PIEs of one variant, of different classes: the gentlest pruning that has PIEs, of SNLI where it is there.

    The paper's own examples are texts of a dataset, which are not shipped: `with_paper` adds none.
    """
    rates = rows_of(warehouse, "pie-rate", selection)
    with_pies = rates.filter(pl.col("num_pies") > 0)
    columns = [Column("", numeric=False), Column("", numeric=False)]
    if with_pies.is_empty():
        table = Table(1, CAPTION, with_pies, columns, [])
        return table.noting("No example is a PIE: both sides agree on all of them.") if len(rates) else table
    configuration = sorted(configurations_in(with_pies), key=_as_in_the_paper)[0]
    variants = configuration.of(with_pies).with_columns(
        place=pl.col("pruner").map_elements(lambda p: place(p)[0], pl.Int64)
    )
    variant = variants.sort("sparsity", "place").row(0, named=True)
    frame = _pies(warehouse, variant, selection)
    sections = [_section(configuration, variant, row) for row in frame.iter_rows(named=True)]
    return Table(1, CAPTION, frame, columns, sections)


def _as_in_the_paper(configuration: Configuration) -> tuple[bool, bool]:
    return configuration.dataset != "snli", configuration.architecture != "bert"


def _pies(warehouse: Warehouse, variant: dict[str, Any], selection: Selection) -> pl.DataFrame:
    """A PIE of each of the classes that have most of the variant's PIEs."""
    of = Selection(
        study=selection.study,
        dataset=(variant["dataset"],),
        architecture=(variant["architecture"],),
        pruner=(variant["pruner"],),
        sparsity=(variant["sparsity"],),
        split=selection.split,
    )
    classes = rows_of(warehouse, "class-distribution", of).filter(pl.col("recipe_id") == variant["recipe_id"])
    found = []
    for class_id in classes.filter(pl.col("num_pies") > 0).sort("num_pies", descending=True)["class_id"][
        :_NUM_EXAMPLES
    ]:
        pies = rows_of(warehouse, "pies", of, class_id=[class_id], limit=_NUM_EXAMPLES)
        found.append(pies.filter(pl.col("recipe_id") == variant["recipe_id"]).with_row_index("turn"))
    if not found:
        # A multi-label example may have no gold class at all.
        found.append(rows_of(warehouse, "pies", of, limit=_NUM_EXAMPLES).with_row_index("turn"))
    # One of each class before a second one of any.
    frame = pl.concat(found).sort("turn", maintain_order=True).drop("turn")
    return frame.unique("example_id", keep="first", maintain_order=True).head(_NUM_EXAMPLES)


def _section(configuration: Configuration, variant: dict[str, Any], row: dict[str, Any]) -> Section:
    text = row["text"] if len(row["text"]) <= _NUM_LETTERS else row["text"][:_NUM_LETTERS].rstrip() + " …"
    lines = {
        "Class": _named(row["class_names"]),
        "Text": text,
        "Unpruned model prediction": _named(row["unpruned_class_names"]),
        "Pruned model prediction": _named(row["pruned_class_names"]),
    }
    title = (
        f"{configuration.name}, example {row['example_id']} of the {row['split']} set; "
        f"{variant['pruner']} at {percent(variant['sparsity'])}"
    )
    return Section(title, [[Cell(name), Cell(value)] for name, value in lines.items()])


def _named(classes: list[str]) -> str:
    return ", ".join(classes) or "none"
