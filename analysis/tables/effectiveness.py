"""Table 9: mean and deviation of accuracy or macro F1 over the seeds, the best of each sparsity in bold."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from analysis.paper import beside
from analysis.selection import Selection, percent, rows_of, sparsities_in
from analysis.tables.grid import ABSENT, KEYS, SECTIONS, as_printed, missing_notes, pruner_sections, seeds_note
from analysis.tables.table import Cell, Column, Mark, Table
from store.protocol import UNPRUNED
from store.warehouse import Warehouse

CAPTION = (
    "Accuracy or macro F1, mean and standard deviation over the seeds. The best results at each share of the weights "
    "removed, per dataset and model, are in bold."
)

_METRICS = {"accuracy": "Accuracy", "f1_macro": "F1 Macro"}


def effectiveness_frame(warehouse: Warehouse, selection: Selection) -> pl.DataFrame:
    """The rows of `accuracy`, whether each is the best of its sparsity as printed, and the paper's mean and deviation."""
    if selection.pruner or selection.sparsity:
        # What the pruned ones are held against, whichever of them are asked for.
        unpruned = rows_of(warehouse, "accuracy", selection, pruner=[UNPRUNED], sparsity=[0.0])
        pruned = rows_of(warehouse, "accuracy", selection).filter(pl.col("pruner") != UNPRUNED)
        rows = pl.concat([unpruned, pruned])
    else:
        rows = rows_of(warehouse, "accuracy", selection)
    return beside(rows, "table9_effectiveness").with_columns(is_best=is_best()).drop("paper_metric")


def is_best() -> pl.Expr:
    """Whether no other of its sparsity prints a larger mean: all that share the best one are bold."""
    printed = as_printed("mean")
    return printed == printed.max().over("recipe_id", "sparsity")


def effectiveness_table(warehouse: Warehouse, selection: Selection, with_paper: bool) -> Table:
    """Table 9."""
    frame = effectiveness_frame(warehouse, selection)
    sparsities = sparsities_in(frame)

    def cells(pruner: str, at: Mapping[tuple[str, float], Mapping[str, Any]]) -> Sequence[Cell]:
        return [_cell(at.get((pruner if s else UNPRUNED, s)), with_paper) for s in sparsities]

    columns = [*KEYS, *(Column(percent(sparsity)) for sparsity in sparsities)]
    titles = {metric: f"{title}: {_METRICS[metric]}" for metric, title in SECTIONS.items()}
    table = Table(9, CAPTION, frame, columns, pruner_sections(frame, cells, titles), num_keys=2)
    if not table.sections:
        return table
    return table.noting(seeds_note(frame), *missing_notes(frame))


def _cell(row: Mapping[str, Any] | None, with_paper: bool) -> Cell:
    if row is None:
        return Cell(ABSENT)
    paper = _printed(row["paper_mean"], row["paper_std"]) if with_paper and row["paper_mean"] is not None else None
    return Cell(_printed(row["mean"], row["std"]), frozenset({Mark.BOLD} if row["is_best"] else ()), paper)


def _printed(mean: float, std: float | None) -> str:
    return f"{_decimals(mean)} ± {ABSENT if std is None else _decimals(std)}"


def _decimals(value: float) -> str:
    """As the paper writes a value below 1 in this table: without the zero before the point."""
    return f"{value:.3f}".removeprefix("0")
