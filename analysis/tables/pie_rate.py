"""Table 4: the percentage of examples that are PIEs, the best and the worst pruner of each sparsity marked."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from analysis.paper import beside
from analysis.selection import Selection, percent, rows_of, sparsities_in
from analysis.tables.grid import ABSENT, KEYS, is_extreme, missing_notes, pruner_sections, seeds_note
from analysis.tables.table import Cell, Column, Mark, Table
from store.warehouse import Warehouse

CAPTION = (
    "Percentage of examples that are PIEs, per dataset, model, pruner and share of the weights removed. The best and the "
    "worst pruner of each sparsity, by accuracy or macro F1, are marked."
)
MARKS = "▲ the most effective pruner at this sparsity (green), ▼ the least effective one (gray), by table 9."


def pie_rate_frame(warehouse: Warehouse, selection: Selection) -> pl.DataFrame:
    """The rows of `pie-rate` with each variant's effectiveness, its marks and the paper's rate, a share."""
    rates = rows_of(warehouse, "pie-rate", selection)
    accuracy = rows_of(warehouse, "accuracy", selection)
    variant = ["recipe_id", "split", "pruner", "sparsity"]
    effectiveness = accuracy.select(*variant, "metric", effectiveness="mean")
    frame = beside(rates.join(effectiveness, on=variant, how="left", maintain_order="left"), "table4_pie_rate")
    return frame.with_columns(
        is_best=is_extreme("effectiveness", largest=True),
        is_worst=is_extreme("effectiveness", largest=False),
        paper_pie_rate=pl.col("paper_pie_percent") / 100,
    ).drop("paper_pie_percent")


def pie_rate_table(warehouse: Warehouse, selection: Selection, with_paper: bool) -> Table:
    """Table 4."""
    frame = pie_rate_frame(warehouse, selection)
    sparsities = sparsities_in(frame)

    def cells(pruner: str, at: Mapping[tuple[str, float], Mapping[str, Any]]) -> Sequence[Cell]:
        return [_cell(at.get((pruner, sparsity)), with_paper) for sparsity in sparsities]

    dataset, model, pruner = KEYS
    columns = [model, dataset, pruner, *(Column(percent(sparsity)) for sparsity in sparsities)]
    table = Table(4, CAPTION, frame, columns, pruner_sections(frame, cells, model_first=True), num_keys=2)
    return table.noting(MARKS, seeds_note(frame), *missing_notes(frame)) if len(frame) else table


def _cell(row: Mapping[str, Any] | None, with_paper: bool) -> Cell:
    if row is None:
        return Cell(ABSENT)
    marks = {Mark.BEST: row["is_best"], Mark.WORST: row["is_worst"]}
    paper = row["paper_pie_rate"] if with_paper else None
    return Cell(
        f"{100 * row['pie_rate']:.0f}",
        frozenset(mark for mark, holds in marks.items() if holds),
        None if paper is None else f"{100 * paper:.0f}",
    )
