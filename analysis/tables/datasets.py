"""Tables 2 and 7: the datasets, as they were prepared."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from analysis.paper import beside
from analysis.selection import Selection, dataset_name, place, rows_of
from analysis.tables.grid import ABSENT
from analysis.tables.table import Cell, Column, Section, Table
from store.protocol import UNPRUNED
from store.warehouse import Warehouse

_TASKS = {"single_label": "single-label", "multi_label": "multi-label"}

Print = Callable[[Mapping[str, Any]], str]
"""A cell's text, from the values of a row under the paper's names."""


def _whole(name: str) -> Print:
    return lambda row: ABSENT if row[name] is None else f"{row[name]:.0f}"


def _pair(first: str, second: str) -> Print:
    return lambda row: f"{row[first]:.0f}/{row[second]:.0f}"


_SIZES: dict[str, Print] = {
    "# train": _whole("num_train"),
    "# test": _whole("num_test"),
    "# val": _whole("num_validation"),
}
_CLASSES: dict[str, Print] = {"# classes": _whole("num_classes")}
_KIND: dict[str, Print] = {"Classification": lambda row: _TASKS[row["classification"]]}
_TOKENS: dict[str, Print] = {
    "Mean/median": _pair("mean_tokens", "median_tokens"),
    "Min/max len": _pair("min_tokens", "max_tokens"),
    "Std len": _whole("std_tokens"),
    "Tokens 85%": _whole("tokens_85_percent"),
    "Max tokens": _whole("truncate_at"),
}
_TASK: dict[str, Print] = {"Task": lambda row: row["task"] or ABSENT}


def datasets_frame(warehouse: Warehouse, selection: Selection) -> pl.DataFrame:
    """The rows of `datasets` under the names of the paper's table 7, `paper_...` beside, and where texts are cut."""
    rows = rows_of(warehouse, "datasets", selection).rename({"task": "classification"})
    cuts = pl.DataFrame(
        _cuts(warehouse, selection), schema={"dataset": pl.String, "truncate_at": pl.Int64}, orient="row"
    )
    frame = beside(rows.join(cuts, on="dataset", how="left", maintain_order="left"), "table7_datasets")
    # What a task is about no warehouse knows; the paper says it of its own datasets.
    frame = frame.with_columns(
        task=pl.col("paper_task"), place=pl.col("dataset").map_elements(lambda d: place(d)[0], pl.Int64)
    )
    return frame.sort("place", "dataset").drop("place")


def _cuts(warehouse: Warehouse, selection: Selection) -> list[tuple[str, int]]:
    """For each dataset the number of tokens after which its runs cut a text: their largest."""
    seeds = rows_of(warehouse, "variants", selection, pruner=[UNPRUNED], sparsity=[0.0])["seeds"]
    if seeds.is_empty():
        return []
    firsts = sorted({seeds_of_variant[0] for seeds_of_variant in seeds})
    runs = rows_of(warehouse, "runs", selection, pruner=[UNPRUNED], sparsity=[0.0], seed=firsts, status=["published"])
    cuts: dict[str, int] = {}
    for dataset, config in runs.select("dataset", "config").iter_rows():
        cut = json.loads(config).get("settings", {}).get("max_tokens")
        if cut is not None:
            cuts[dataset] = max(cut, cuts.get(dataset, 0))
    return list(cuts.items())


def sizes_table(warehouse: Warehouse, selection: Selection, with_paper: bool) -> Table:
    """Table 2."""
    frame = datasets_frame(warehouse, selection)
    return _table(2, "Statistics of the datasets after preprocessing.", frame, _SIZES | _CLASSES | _KIND, with_paper)


def texts_table(warehouse: Warehouse, selection: Selection, with_paper: bool) -> Table:
    """Table 7."""
    frame = datasets_frame(warehouse, selection)
    table = _table(
        7,
        "Statistics of the datasets and of the lengths of their texts, in tokens, after preprocessing. Texts are cut after so "
        "many tokens as Max tokens says.",
        frame,
        _SIZES | _TOKENS | _CLASSES | _TASK | _KIND,
        with_paper,
    )
    uncut = [dataset_name(row["dataset"]) for row in frame.iter_rows(named=True) if row["truncate_at"] is None]
    return table.noting(f"No run says where texts are cut of {', '.join(uncut)}.") if uncut else table


def _table(number: int, caption: str, frame: pl.DataFrame, columns: Mapping[str, Print], with_paper: bool) -> Table:
    rows: list[Sequence[Cell]] = []
    for row in frame.iter_rows(named=True):
        paper = {name.removeprefix("paper_"): value for name, value in row.items() if name.startswith("paper_")}
        beside_it = with_paper and paper["num_train"] is not None
        cells = [
            Cell(write(row), paper=write(paper) if beside_it and name not in _TASK | _KIND else None)
            for name, write in columns.items()
        ]
        rows.append([Cell(dataset_name(row["dataset"])), *cells])
    headings = [
        Column("Dataset", numeric=False),
        *(Column(name, numeric=name not in _TASK | _KIND) for name in columns),
    ]
    return Table(number, caption, frame, headings, [Section("", rows)] if rows else [])
