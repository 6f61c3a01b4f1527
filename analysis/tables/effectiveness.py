"""Table 9: mean and deviation of accuracy or macro F1 over the seeds, the best of each sparsity in bold."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from analysis.paper import beside
from analysis.selection import Selection, percent, rows_of, sparsities_in
from analysis.tables.grid import ABSENT, KEYS, missing_notes, pruner_sections, seeds_note
from analysis.tables.table import Cell, Column, Mark, Table
from store.protocol import UNPRUNED
from store.warehouse import Warehouse

CAPTION = (
    "Accuracy or macro F1, mean and standard deviation over the seeds. The best results at each share of the weights "
    "removed, per dataset and model, are in bold."
)


def effectiveness_frame(warehouse: Warehouse, selection: Selection) -> pl.DataFrame:
    """The rows of `accuracy`, whether each is the best of its sparsity as printed, and the paper's mean and deviation."""
    if selection.pruner or selection.sparsity:
        # What the pruned ones are held against, whichever of them are asked for.
        unpruned = rows_of(warehouse, "accuracy", selection, pruner=[UNPRUNED], sparsity=[0.0])
        pruned = rows_of(warehouse, "accuracy", selection).filter(pl.col("pruner") != UNPRUNED)
        rows = pl.concat([unpruned, pruned])
    else:
        rows = rows_of(warehouse, "accuracy", selection)
    best = pl.col("mean").round(3) == pl.col("mean").round(3).max().over("recipe_id", "sparsity")
    return beside(rows, "table9_effectiveness").with_columns(is_best=best).drop("paper_metric")


def effectiveness_table(warehouse: Warehouse, selection: Selection, with_paper: bool) -> Table:
    """Table 9."""
    frame = effectiveness_frame(warehouse, selection)
    sparsities = sparsities_in(frame)

    def cells(pruner: str, at: Mapping[tuple[str, float], Mapping[str, Any]]) -> Sequence[Cell]:
        return [_cell(at.get((pruner if s else UNPRUNED, s)), with_paper) for s in sparsities]

    columns = [*KEYS, *(Column(percent(sparsity)) for sparsity in sparsities)]
    table = Table(9, CAPTION, frame, columns, pruner_sections(frame, cells), num_keys=2)
    if not table.sections:
        return table
    return table.noting(
        "Bold: the best of the column, per dataset and model.", seeds_note(frame), *missing_notes(frame)
    )


def _cell(row: Mapping[str, Any] | None, with_paper: bool) -> Cell:
    if row is None:
        return Cell(ABSENT)
    paper = _printed(row["paper_mean"], row["paper_std"]) if with_paper and row["paper_mean"] is not None else None
    return Cell(_printed(row["mean"], row["std"]), frozenset({Mark.BOLD} if row["is_best"] else ()), paper)


def _printed(mean: float, std: float | None) -> str:
    return f"{mean:.3f} ± {ABSENT if std is None else f'{std:.3f}'}"
