"""A spooled run's rows held against its dataset: every example once, classes in range, logits of the right width."""

from collections.abc import Mapping
from typing import Any

from store.errors import NotFound, Refused
from store.spool import Manifest
from store.warehouse import Warehouse

Files = Mapping[str, list[str]]
"""Absolute paths of a run's Parquet files, by table."""


def check_rows(warehouse: Warehouse, manifest: Manifest, files: Files) -> None:
    """Raise NotFound or Refused, naming run, split, epoch and value, unless the rows fit the dataset."""
    where = f"Run {manifest.config.run_id}"
    dataset = _dataset_of(warehouse, manifest, where)
    evaluations = _evaluations(warehouse, manifest, files, dataset, where)
    for table, check in (("prediction", _prediction_fault), ("logit", _logit_fault)):
        found = {(row["split"], row["epoch"]): row for row in _summary(warehouse, table, files)}
        for key in found.keys() - evaluations.keys():
            raise Refused(
                f"{where}: table {table} has split {key[0]}, epoch {key[1]}, which table evaluation does not list."
            )
        for (split, epoch), num_examples in evaluations.items():
            fault = check(found.get((split, epoch)), num_examples, dataset)
            if fault:
                raise Refused(f"{where}, split {split}, epoch {epoch}: {fault}")
    for row in _summary(warehouse, "el2n", files):
        num_train = dataset["sizes"].get("train", 0)
        if not _ids_complete(row, num_train) or row["num_rows"] != num_train or not row["finite"]:
            raise Refused(
                f"{where}, epoch {row['epoch']}: EL2N must be one finite value for each of the {num_train} training examples."
            )


def _dataset_of(warehouse: Warehouse, manifest: Manifest, where: str) -> dict[str, Any]:
    config = manifest.config
    found = warehouse.rows(
        "select d.digest, d.task, d.num_classes from dataset as d where d.dataset = $name", {"name": config.dataset}
    )
    if not found:
        raise NotFound(
            f"{where} is about dataset '{config.dataset}', which the warehouse does not have; add it with `pie data add`."
        )
    if found[0]["digest"] != config.dataset_digest:
        raise Refused(
            f"{where} was trained on another version of dataset '{config.dataset}': digest {config.dataset_digest[:12]}, "
            f"the warehouse has {found[0]['digest'][:12]}."
        )
    sizes = warehouse.rows(
        "select e.split, count(*) as num_examples from example as e where e.dataset = $name group by e.split",
        {"name": config.dataset},
    )
    return found[0] | {"name": config.dataset, "sizes": {row["split"]: row["num_examples"] for row in sizes}}


def _evaluations(
    warehouse: Warehouse, manifest: Manifest, files: Files, dataset: Mapping[str, Any], where: str
) -> dict[tuple[str, int], int]:
    rows = (
        warehouse.rows(
            "select f.split, f.epoch, f.num_examples from read_parquet($files) as f", {"files": files["evaluation"]}
        )
        if "evaluation" in files
        else []
    )
    found: dict[tuple[str, int], int] = {}
    for row in rows:
        key, num_examples = (row["split"], row["epoch"]), dataset["sizes"].get(row["split"], 0)
        if key in found:
            raise Refused(f"{where} has outputs of split {key[0]}, epoch {key[1]} twice.")
        if row["num_examples"] != num_examples:
            raise Refused(
                f"{where} has outputs of {row['num_examples']} {key[0]} examples at epoch {key[1]}, "
                f"but dataset '{dataset['name']}' has {num_examples}."
            )
        found[key] = num_examples
    if not any(epoch == manifest.summary.last_epoch for _, epoch in found):
        raise Refused(
            f"{where} has no outputs of its last epoch {manifest.summary.last_epoch}; record them before finishing it."
        )
    return found


_SUMMARIES = {
    "prediction": """
        select f.split, f.epoch, count(*) as num_rows, count(distinct f.example_id) as num_ids,
            count(distinct f.example_id::bigint * 65536 + f.class_id) as num_labels,
            min(f.example_id) as min_id, max(f.example_id) as max_id,
            min(f.class_id) as min_class, max(f.class_id) as max_class
        from read_parquet($files) as f
        group by f.split, f.epoch
        """,
    "logit": """
        select f.split, f.epoch, count(*) as num_rows, count(distinct f.example_id) as num_ids,
            min(f.example_id) as min_id, max(f.example_id) as max_id,
            min(len(f.logits)) as min_width, max(len(f.logits)) as max_width,
            bool_and(isfinite(list_sum(f.logits))) as finite
        from read_parquet($files) as f
        group by f.split, f.epoch
        """,
    "el2n": """
        select f.epoch, count(*) as num_rows, count(distinct f.example_id) as num_ids,
            min(f.example_id) as min_id, max(f.example_id) as max_id, bool_and(isfinite(f.el2n)) as finite
        from read_parquet($files) as f
        group by f.epoch
        """,
}


def _summary(warehouse: Warehouse, table: str, files: Files) -> list[dict[str, Any]]:
    return warehouse.rows(_SUMMARIES[table], {"files": files[table]}) if table in files else []


def _ids_complete(row: Mapping[str, Any], num_examples: int) -> bool:
    return (row["num_ids"], row["min_id"], row["max_id"]) == (num_examples, 0, num_examples - 1)


def _prediction_fault(row: Mapping[str, Any] | None, num_examples: int, dataset: Mapping[str, Any]) -> str | None:
    single_label = dataset["task"] == "single_label"
    if row is None:
        return "no predictions, but a single-label example has one." if single_label else None
    if row["min_class"] < 0 or row["max_class"] >= dataset["num_classes"]:
        outside = row["min_class"] if row["min_class"] < 0 else row["max_class"]
        return f"predicted class {outside} is not one of the {dataset['num_classes']} classes of dataset '{dataset['name']}'."
    if row["min_id"] < 0 or row["max_id"] >= num_examples:
        outside = row["min_id"] if row["min_id"] < 0 else row["max_id"]
        return f"example id {outside} is not one of 0 to {num_examples - 1}."
    if row["num_labels"] != row["num_rows"]:
        return f"{row['num_rows'] - row['num_labels']} predictions are there twice."
    if single_label and (row["num_rows"] != num_examples or row["num_ids"] != num_examples):
        return f"{row['num_rows']} predictions of {row['num_ids']} examples, but each of the {num_examples} examples has exactly one."
    return None


def _logit_fault(row: Mapping[str, Any] | None, num_examples: int, dataset: Mapping[str, Any]) -> str | None:
    if row is None:
        return None
    if not _ids_complete(row, num_examples) or row["num_rows"] != num_examples:
        return f"logits of {row['num_ids']} examples in {row['num_rows']} rows, but each of the {num_examples} examples has one row."
    if not row["min_width"] == row["max_width"] == dataset["num_classes"]:
        width = row["min_width"] if row["min_width"] != dataset["num_classes"] else row["max_width"]
        return f"logits of width {width}, but dataset '{dataset['name']}' has {dataset['num_classes']} classes."
    return None if row["finite"] else "logits that are not finite."
