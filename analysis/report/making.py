"""How a report was made, and what it lacks."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from platform import python_version

import polars as pl

from analysis.numbered import spans
from analysis.report.rows import Rows
from analysis.selection import configurations_in, rows_of
from analysis.tables.table import Cell, Column, Section, Table
from store.protocol import UNPRUNED

_PACKAGES = ("pie-store", "duckdb", "polars", "plotly", "scipy", "textstat")
"""What the numbers and figures depend on."""


def origin(rows: Rows, snapshot: int) -> list[str]:
    """Of which warehouse, at which snapshot, by which versions, over which seeds; a sentence each."""
    versions = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    num_runs = int(rows.variants["num_seeds"].sum())
    num_planned = int(rows.studies["num_runs"].sum())
    return [
        f"Warehouse {rows.warehouse.location}, snapshot {snapshot}: the same snapshot gives the same report.",
        f"{num_runs:,} published runs of {num_planned:,} that the studies hold.",
        f"Made with {versions}, Python {python_version()}.",
        *_trained_with(rows),
        "Definitions: 'As easy as PIE: understanding when pruning causes language models to disagree' (Findings of NAACL 2025). "
        "Pruned and unpruned models are compared over the seeds that both have.",
    ]


def _trained_with(rows: Rows) -> Iterator[str]:
    """The versions of the software that trained, by the first unpruned run of each recipe."""
    seeds = sorted({seeds[0] for seeds in rows.variants.filter(pruner=UNPRUNED)["seeds"]})
    if not seeds:
        return
    runs = rows_of(rows.warehouse, "runs", rows.selection, pruner=[UNPRUNED], seed=seeds, status=["published"])
    for text in sorted(set(runs["versions"].drop_nulls())):
        versions = json.loads(text)
        if isinstance(versions, dict) and versions:
            yield "Runs trained with " + ", ".join(f"{name} {number}" for name, number in versions.items()) + "."


def incomplete(rows: Rows) -> list[str]:
    """What is missing, a sentence each; one that says so where nothing is."""
    found = [*_unfinished(rows), *_uneven(rows), *_absent(rows)]
    return found or ["Nothing is missing: every study is complete."]


def _unfinished(rows: Rows) -> Iterator[str]:
    for row in rows.studies.iter_rows(named=True):
        missing = row["num_runs"] - row["num_published"]
        if missing > 0:
            failed = f", {row['num_failed']:,} of which failed" if row["num_failed"] else ""
            yield f"Study {row['study']}: {missing:,} of {row['num_runs']:,} runs are not published{failed}."


def _uneven(rows: Rows) -> Iterator[str]:
    for configuration in configurations_in(rows.variants):
        numbers = configuration.of(rows.variants)["num_seeds"].to_list()
        if min(numbers) != max(numbers):
            yield f"{configuration.name}: variants have {min(numbers)} to {max(numbers)} seeds."


def _absent(rows: Rows) -> Iterator[str]:
    compared = rows.pie_rate["recipe_id"].unique().to_list()
    for configuration in configurations_in(rows.variants):
        pruned = configuration.of(rows.variants).filter(pl.col("pruner") != UNPRUNED)
        if pruned.is_empty():
            yield f"{configuration.name}: no pruned run is published."
        elif configuration.recipe_id not in compared:
            yield f"{configuration.name}: no pruned run has an unpruned one of its seed."
        elif configuration.of(rows.influence).is_empty():
            yield f"{configuration.name}: influence is not known; predictions or EL2N of the training set are not stored."


def studies_table(rows: Rows) -> Table:
    """How far each study is, and over which seeds."""
    seeds = {row["recipe_id"]: row["seeds"] for row in rows.variants.filter(pruner=UNPRUNED).iter_rows(named=True)}
    lines = [
        [
            Cell(row["study"]),
            Cell(row["dataset"]),
            Cell(row["architecture"]),
            Cell(f"{row['num_runs']:,}"),
            Cell(f"{row['num_published']:,}"),
            Cell(f"{row['num_failed']:,}"),
            Cell(spans(seeds.get(row["recipe_id"], []))),
        ]
        for row in rows.studies.iter_rows(named=True)
    ]
    names = ("Study", "Dataset", "Architecture", "Runs", "Published", "Failed", "Seeds (unpruned)")
    columns = [Column(name, numeric=name in ("Runs", "Published", "Failed")) for name in names]
    table = Table(
        0,
        "The studies, and the seeds of their unpruned runs.",
        rows.studies,
        columns,
        [Section("", lines)] if lines else [],
    )
    return (
        table if lines else table.noting("No study is planned or published yet; `pie plan` and `pie train` make one.")
    )
