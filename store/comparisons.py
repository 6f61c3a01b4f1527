"""Which runs are compared with which: kept up to date in the transaction that publishes or retracts a run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from store.protocol import UNPRUNED
from store.warehouse import Warehouse

STORED_TABLES = (
    "stored_majority",
    "stored_on_pies_of_run",
    "stored_on_pies",
    "stored_class_distribution",
    "stored_influence_bin",
    "stored_readability",
)
"""The tables of stored answers, each with a comparison_id."""

_ADD_EVALUATED = """
insert into evaluated_run by name
select
    r.run_id, r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity, r.seed, r.last_epoch,
    e.split, e.num_examples
from published_run as r
join evaluation as e on e.run_id = r.run_id and e.epoch = r.last_epoch
where list_contains($run_ids, r.run_id)
"""

# Read once and paired in Python: every further reading of a small table would cost as much again.
_EVALUATED = """
select e.* exclude (value)
from evaluated_run as e
where
    e.recipe_id = $recipe_id and ($pruner is null or e.pruner = 'none' or (e.pruner = $pruner and e.sparsity = $sparsity))
order by e.pruner, e.sparsity, e.split, e.seed
"""

_THERE = """
select c.*
from comparison as c
where c.recipe_id = $recipe_id and ($pruner is null or (c.pruner = $pruner and c.sparsity = $sparsity))
"""

_RUNS = ("unpruned_run_ids", "pruned_run_ids", "influence_run_ids")
"""What tells a comparison from another of the same variant and split."""

_SCHEMA = pa.schema(
    [
        ("comparison_id", pa.int64()),
        *((name, pa.string()) for name in ("recipe_id", "dataset", "task", "architecture", "pruner", "split")),
        ("num_classes", pa.int32()),
        ("sparsity", pa.float64()),
        ("num_examples", pa.int32()),
        ("num_seeds", pa.int32()),
        ("seeds", pa.list_(pa.int32())),
        ("unpruned_run_ids", pa.list_(pa.string())),
        ("unpruned_epochs", pa.list_(pa.int16())),
        ("pruned_run_ids", pa.list_(pa.string())),
        ("pruned_epochs", pa.list_(pa.int16())),
        ("influence_run_ids", pa.list_(pa.string())),
        ("is_stored", pa.bool_()),
    ]
)

Row = dict[str, Any]


def add_evaluated_runs(warehouse: Warehouse, run_ids: list[str]) -> None:
    """Take runs that were just published among those that are compared; inside their transaction, before `refresh`."""
    warehouse.execute(_ADD_EVALUATED, {"run_ids": run_ids})


def refresh_comparisons(
    warehouse: Warehouse, recipe_id: str, pruner: str | None = None, sparsity: float | None = None
) -> None:
    """Bring the comparisons of a variant, or of all variants of a recipe, up to date with its runs; inside a transaction.

    A comparison whose runs have changed gets a new number, and what was stored of the old one is deleted.
    """
    scope = {"recipe_id": recipe_id, "pruner": pruner, "sparsity": sparsity}
    current = {_key(row): row for row in _paired(warehouse.rows(_EVALUATED, scope))}
    there = {_key(row): row for row in warehouse.rows(_THERE, scope)}
    kept = {key for key, row in there.items() if key in current and _same_runs(row, current[key])}
    _delete(warehouse, [row for key, row in there.items() if key not in kept])
    _insert(warehouse, [row for key, row in current.items() if key not in kept])


def forget_influence(warehouse: Warehouse, recipe_id: str) -> None:
    """Delete a recipe's stored influence: its unpruned runs have changed. Inside a transaction, before `refresh`."""
    if warehouse.rows("select 1 from stored_influence_recipe as s where s.recipe_id = $id", {"id": recipe_id}):
        warehouse.execute("delete from stored_influence where recipe_id = $id", {"id": recipe_id})
        warehouse.execute("delete from stored_influence_recipe where recipe_id = $id", {"id": recipe_id})


def _paired(evaluated: Sequence[Row]) -> Iterable[Row]:
    """The comparisons of one recipe's runs, ordered by seed: both sides over the seeds that both have."""
    unpruned = {(row["split"], row["seed"]): row for row in evaluated if row["pruner"] == UNPRUNED}
    of_influence = sorted({row["run_id"] for row in unpruned.values()})
    pairs: dict[tuple[object, ...], list[tuple[Row, Row]]] = {}
    for row in evaluated:
        beside = unpruned.get((row["split"], row["seed"]))
        if row["pruner"] != UNPRUNED and beside is not None:
            pairs.setdefault(_key(row), []).append((row, beside))
    shared = (
        "recipe_id",
        "dataset",
        "task",
        "num_classes",
        "architecture",
        "pruner",
        "sparsity",
        "split",
        "num_examples",
    )
    for runs in pairs.values():
        pruned, others = zip(*runs, strict=True)
        yield {name: pruned[0][name] for name in shared} | {
            "num_seeds": len(runs),
            "seeds": [row["seed"] for row in pruned],
            "unpruned_run_ids": [row["run_id"] for row in others],
            "unpruned_epochs": [row["last_epoch"] for row in others],
            "pruned_run_ids": [row["run_id"] for row in pruned],
            "pruned_epochs": [row["last_epoch"] for row in pruned],
            "influence_run_ids": of_influence if pruned[0]["split"] == "train" else [],
            "is_stored": False,
        }


def _key(row: Mapping[str, object]) -> tuple[object, ...]:
    return row["pruner"], row["sparsity"], row["split"]


def _same_runs(row: Row, other: Row) -> bool:
    return all(row[name] == other[name] for name in _RUNS)


def _delete(warehouse: Warehouse, outdated: Sequence[Row]) -> None:
    stored = [row["comparison_id"] for row in outdated if row["is_stored"]]
    for table in STORED_TABLES if stored else ():
        warehouse.execute(f"delete from {table} where list_contains($ids, comparison_id)", {"ids": stored})
    if outdated:
        ids = {"ids": [row["comparison_id"] for row in outdated]}
        warehouse.execute("delete from comparison where list_contains($ids, comparison_id)", ids)


def _insert(warehouse: Warehouse, rows: Sequence[Row]) -> None:
    if not rows:
        return
    # A snapshot's number is never given twice: neither is a comparison's.
    first = warehouse.snapshot() * 100_000
    numbered = [row | {"comparison_id": first + number} for number, row in enumerate(rows)]
    with warehouse.register("new_comparison", pa.Table.from_pylist(numbered, schema=_SCHEMA)):
        warehouse.execute("insert into comparison by name select * from new_comparison")
