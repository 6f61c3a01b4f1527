"""Runs before they are published: planned by a study, or failed."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa

from store.answers import Variant, forget_answers
from store.errors import NotFound, Refused
from store.identity import RunConfig
from store.protocol import PRUNERS, UNPRUNED, WAITING
from store.warehouse import Warehouse


def register_study(warehouse: Warehouse, study: str, configs: Sequence[RunConfig], study_json: str) -> None:
    """Register a study and plan those of its runs that the warehouse does not have, in one transaction.

    Raises Refused when the warehouse has a study of that name with another recipe, or the runs are of several.
    """
    recipes = sorted({config.recipe_id for config in configs})
    if len(recipes) != 1:
        raise Refused(
            f"Study '{study}' holds runs of {len(recipes)} recipes; a study has one dataset, architecture and set of hyperparameters."
        )
    recipe_id = recipes[0]
    with warehouse.transaction(f"plan study {study}: {len(configs)} runs", simple=True):
        there = warehouse.rows("select s.recipe_id, s.config from study as s where s.study = $study", {"study": study})
        if there and there[0]["recipe_id"] != recipe_id:
            differing = (
                ", ".join(_differing_keys(json.loads(there[0]["config"]), json.loads(study_json)))
                or "the dataset's content"
            )
            raise Refused(
                f"Study '{study}' is in the warehouse with other settings ({differing}); give the changed study another name."
            )
        warehouse.execute("delete from study where study = $study", {"study": study})
        warehouse.execute(
            "insert into study values ($study, $recipe_id, $dataset, $architecture, $num_runs, $config, now()::timestamp)",
            {
                "study": study,
                "recipe_id": recipe_id,
                "dataset": configs[0].dataset,
                "architecture": configs[0].architecture,
                "num_runs": len(configs),
                "config": study_json,
            },
        )
        _name_recipe(warehouse, recipe_id, study)
        statuses = run_statuses(warehouse, [config.run_id for config in configs])
        new = [config for config in configs if config.run_id not in statuses]
        forget_answers(warehouse, {Variant.of(config) for config in new})
        insert_planned(warehouse, study, new)


def insert_planned(warehouse: Warehouse, study: str, configs: Sequence[RunConfig]) -> None:
    """Insert runs with status planned; inside a transaction."""
    if not configs:
        return
    for recipe_id in {config.recipe_id for config in configs}:
        _name_recipe(warehouse, recipe_id, study)
    rows = [_planned_row(study, config) for config in configs]
    table = pa.table({name: [row[name] for row in rows] for name in rows[0]}, schema=_PLANNED_SCHEMA)
    with warehouse.register("planned_run", table):
        warehouse.execute("insert into run by name select * from planned_run")


def _name_recipe(warehouse: Warehouse, recipe_id: str, study: str) -> None:
    warehouse.execute(
        """
        insert into recipe_study
        select $recipe_id, $study
        where not exists (select 1 from recipe_study as s where s.recipe_id = $recipe_id and s.study = $study)
        """,
        {"recipe_id": recipe_id, "study": study},
    )


def run_statuses(warehouse: Warehouse, run_ids: Sequence[str]) -> dict[str, str]:
    """The status of each of the runs that the warehouse knows."""
    found = warehouse.rows(
        "select r.run_id, r.status from run as r where list_contains($run_ids, r.run_id)", {"run_ids": list(run_ids)}
    )
    doubled = [run_id for run_id, count in Counter(row["run_id"] for row in found).items() if count > 1]
    assert not doubled, f"runs registered twice: {doubled}"
    return {row["run_id"]: row["status"] for row in found}


def mark_failed(warehouse: Warehouse, run_id: str, why: str) -> None:
    """Record that a run failed, and why. A published run stays published; raises NotFound for an unknown run."""
    _update_status(warehouse, run_id, "failed", why)


def mark_spooled(warehouse: Warehouse, run_id: str) -> None:
    """Record that a run is trained and waits in a spool to be published."""
    _update_status(warehouse, run_id, "spooled", None)


def _update_status(warehouse: Warehouse, run_id: str, status: str, failure: str | None) -> None:
    with warehouse.transaction(f"run {run_id}: {status}", simple=True):
        found = warehouse.rows(
            "select r.recipe_id, r.pruner, r.sparsity, r.status from run as r where r.run_id = $run_id",
            {"run_id": run_id},
        )
        if not found:
            raise NotFound(f"No run '{run_id}' in the warehouse; list runs with `pie runs`.")
        before = found[0].pop("status")
        if status in WAITING and before not in (*WAITING, "published"):
            forget_answers(warehouse, [Variant(**found[0])])
        warehouse.execute(
            "update run set status = $status, failure = $failure where run_id = $run_id and status <> 'published'",
            {"run_id": run_id, "status": status, "failure": failure},
        )


_PLANNED_SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in (
            "run_id",
            "recipe_id",
            "study",
            "dataset",
            "architecture",
            "pruner",
            "scoring",
            "schedule",
            "tuning",
        )
    ]
    + [("sparsity", pa.float64()), ("seed", pa.int32()), ("status", pa.string()), ("config", pa.string())]
)


def _planned_row(study: str, config: RunConfig) -> Mapping[str, object]:
    pruner = None if config.pruner == UNPRUNED else PRUNERS[config.pruner]
    return {
        "run_id": config.run_id,
        "recipe_id": config.recipe_id,
        "study": study,
        "dataset": config.dataset,
        "architecture": config.architecture,
        "pruner": config.pruner,
        "scoring": pruner and pruner.scoring,
        "schedule": pruner and pruner.schedule,
        "tuning": pruner and pruner.tuning,
        "sparsity": float(config.sparsity),
        "seed": config.seed,
        "status": "planned",
        "config": json.dumps(config.to_json(), sort_keys=True),
    }


def _differing_keys(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key) and key not in _GRID_KEYS)


_GRID_KEYS = {"pruners", "sparsities", "seeds", "num_seeds"}
"""What a study may add to under its old name: its recipe stays the same."""
