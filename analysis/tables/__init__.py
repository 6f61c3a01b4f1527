"""The paper's tables, by their numbers, from any warehouse."""

from collections.abc import Callable, Mapping

import polars as pl

from analysis.numbered import make_numbered
from analysis.selection import Selection
from analysis.tables.datasets import sizes_table, texts_table
from analysis.tables.effectiveness import effectiveness_table
from analysis.tables.examples import examples_table
from analysis.tables.on_pies import on_pies_table
from analysis.tables.parameters import remaining_table, removed_table
from analysis.tables.pie_rate import pie_rate_table
from analysis.tables.table import Table
from store.warehouse import Warehouse

TABLES: Mapping[int, Callable[[Warehouse, Selection, bool], Table]] = {
    1: examples_table,
    2: sizes_table,
    4: pie_rate_table,
    5: removed_table,
    6: remaining_table,
    7: texts_table,
    9: effectiveness_table,
    10: on_pies_table,
}
"""What makes each; tables 3 and 8 of the paper say what was done, not what came of it."""

NO_PAPER_NOTES = (
    "The paper's own examples are texts of its datasets, which are not shipped.",
    "The paper has no values for these: its datasets are imdb, snli, reuters and aapd, its architectures bert and bilstm.",
)
"""What is noted where the paper's values are asked for and there are none."""


def make_table(
    warehouse: Warehouse, number: int, selection: Selection | None = None, *, with_paper: bool = False
) -> Table:
    """A table of the paper from what the warehouse has, with the paper's own values in brackets where it is asked for them.

    What the warehouse lacks is said in the table's notes. Raises NotFound for a number that is no such table, or when a
    filter names what is not there.
    """
    table = make_numbered(
        "table", TABLES, number, warehouse, lambda make: make(warehouse, selection or Selection(), with_paper)
    )
    if with_paper and not table.is_empty:
        return table.noting(_paper_note(table.frame))
    return table


def _paper_note(frame: pl.DataFrame) -> str:
    if "text" in frame.columns:
        return NO_PAPER_NOTES[0]
    columns = [column for column in frame.columns if column.startswith("paper_")]
    if any(frame[column].is_not_null().any() for column in columns):
        return "In brackets: the paper's value, where dataset, architecture, pruner and sparsity are the paper's."
    return NO_PAPER_NOTES[1]
