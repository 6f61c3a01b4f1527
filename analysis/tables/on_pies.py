"""Table 10: how effective pruned and unpruned models are on the PIEs."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from analysis.paper import beside
from analysis.selection import Selection, percent, rows_of, sparsities_in
from analysis.tables.grid import ABSENT, KEYS, as_printed, missing_notes, pruner_sections, seeds_note
from analysis.tables.table import Cell, Column, Mark, Table
from store.warehouse import Warehouse

CAPTION = (
    "Effectiveness on the PIEs: accuracy of the majority label (single-label) or mean macro F1 (multi-label) of the pruned and "
    "the unpruned models."
)
MARKS = (
    "† (blue): the pruned models are more effective on the PIEs than the unpruned ones. Bold: more effective on the PIEs than "
    "the same models on all examples."
)
_SIDES = ("pruned", "unpruned")


def on_pies_frame(warehouse: Warehouse, selection: Selection) -> pl.DataFrame:
    """The rows of `accuracy-on-pies`, what the paper marks in each, by printed values, and the paper's own values."""
    rows = beside(rows_of(warehouse, "accuracy-on-pies", selection), "table10_on_pies").drop("paper_metric")
    return rows.with_columns(marked_on_pies())


def marked_on_pies() -> list[pl.Expr]:
    """Columns that say what the paper marks: the pruned side where it is the better one, a side that is better than on all."""
    printed = {side: as_printed(f"{side}_on_pies") for side in _SIDES}
    bold = [(printed[side] > as_printed(f"{side}_on_all")).alias(f"{side}_is_bold") for side in _SIDES]
    return [(printed["pruned"] > printed["unpruned"]).alias("pruned_is_better"), *bold]


def on_pies_table(warehouse: Warehouse, selection: Selection, with_paper: bool) -> Table:
    """Table 10."""
    frame = on_pies_frame(warehouse, selection)
    sparsities = sparsities_in(frame)

    def cells(pruner: str, at: Mapping[tuple[str, float], Mapping[str, Any]]) -> Sequence[Cell]:
        return [_cell(at.get((pruner, s)), side, with_paper) for s in sparsities for side in _SIDES]

    columns = [*KEYS, *(Column(side, percent(sparsity)) for sparsity in sparsities for side in _SIDES)]
    table = Table(10, CAPTION, frame, columns, pruner_sections(frame, cells), num_keys=2)
    return table.noting(MARKS, seeds_note(frame), *missing_notes(frame)) if len(frame) else table


def _cell(row: Mapping[str, Any] | None, side: str, with_paper: bool) -> Cell:
    if row is None or row[f"{side}_on_pies"] is None:
        return Cell(ABSENT)
    marks = {Mark.BOLD: row[f"{side}_is_bold"], Mark.BETTER: side == "pruned" and row["pruned_is_better"]}
    paper = row[f"paper_{side}_on_pies"] if with_paper else None
    return Cell(
        f"{row[f'{side}_on_pies']:.3f}",
        frozenset(mark for mark, holds in marks.items() if holds),
        None if paper is None else f"{paper:.3f}",
    )
