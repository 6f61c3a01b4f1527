"""What tables 4, 9 and 10 share: a row per dataset, architecture and pruner, sparsities across, sections by task."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from analysis.selection import (
    Configuration,
    architecture_name,
    configurations_in,
    dataset_name,
    percent,
    pruners_in,
    sparsities_in,
)
from analysis.tables.table import Cell, Column, Section
from store.protocol import UNPRUNED

ABSENT = "–"
"""Printed where the warehouse has nothing."""
KEYS = (
    Column("Dataset", numeric=False),
    Column("Model", numeric=False),
    Column("Pruner", numeric=False),
)
SECTIONS = {"accuracy": "Single-label", "f1_macro": "Multi-label"}
"""Their titles, by the metric of the task."""

Cells = Callable[[str, Mapping[tuple[str, float], Mapping[str, Any]]], Sequence[Cell]]
"""The cells of a pruner, from the rows of its configuration by pruner and sparsity."""


def pruner_sections(
    frame: pl.DataFrame, cells: Cells, titles: Mapping[str, str] = SECTIONS, *, model_first: bool = False
) -> list[Section]:
    """A row per pruner of each configuration; `frame` has a column `metric`, by which the sections part.

    Of the keys the dataset comes first, or the model.
    """
    sections = []
    for metric, title in titles.items():
        of_metric = frame.filter(metric=metric)
        rows: list[Sequence[Cell]] = []
        for configuration in configurations_in(of_metric):
            found = configuration.of(of_metric)
            at = {(row["pruner"], row["sparsity"]): row for row in found.iter_rows(named=True)}
            keys = keys_of(configuration)[:: -1 if model_first else 1]
            for pruner in pruners_in(found.filter(pl.col("pruner") != UNPRUNED)):
                rows.append([*keys, Cell(pruner), *cells(pruner, at)])
        if rows:
            sections.append(Section(title, rows))
    return sections


def keys_of(configuration: Configuration) -> list[Cell]:
    """The cells that name a configuration."""
    model = architecture_name(configuration.architecture)
    recipe = f" ({configuration.recipe})" if configuration.recipe else ""
    return [Cell(dataset_name(configuration.dataset)), Cell(model + recipe)]


def as_printed(column: str) -> pl.Expr:
    """A column rounded to the three decimals that are printed, by which the paper marks: what prints alike is marked alike.

    In Python, which rounds 0.0025 like the `.3f` of the cells: polars rounds what it has multiplied.
    """
    return pl.col(column).map_elements(lambda value: round(value, 3), pl.Float64)


def is_extreme(column: str, *, largest: bool) -> pl.Expr:
    """Whether a variant's printed value is the best (or worst) of its sparsity; no one where all are alike."""
    printed, group = as_printed(column), ["recipe_id", "sparsity"]
    extreme = printed.max().over(group) if largest else printed.min().over(group)
    return (printed == extreme) & (printed.max().over(group) > printed.min().over(group))


def seeds_note(frame: pl.DataFrame) -> str:
    """Over how many seeds the values were taken."""
    numbers = frame["num_seeds"].to_list()
    fewest, most = min(numbers), max(numbers)
    return f"Over {fewest} seeds." if fewest == most else f"Over {fewest} to {most} seeds, those that there are."


def missing_notes(frame: pl.DataFrame) -> list[str]:
    """What of a full grid of the pruners and sparsities that there are is not there, a sentence per configuration."""
    pruned = frame.filter(pl.col("pruner") != UNPRUNED)
    sparsities, notes = sparsities_in(pruned), []
    for configuration in configurations_in(pruned):
        found = configuration.of(pruned)
        there = set(found.select("pruner", "sparsity").iter_rows())
        missing = [(p, s) for p in pruners_in(pruned) for s in sparsities if (p, s) not in there]
        if missing:
            listed = ", ".join(f"{pruner} at {percent(sparsity)}" for pruner, sparsity in missing[:4])
            more = f" and {len(missing) - 4} more" if len(missing) > 4 else ""
            notes.append(f"Not there of {configuration.name}: {listed}{more}.")
    return notes
