"""A spooled run's rows held against its dataset: every example once, classes in range, logits of the right width.

Shapes: R rows, N examples, C classes.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from store.dataset import DatasetFacts
from store.errors import Refused
from store.order import are_alike
from store.protocol import SPLITS, Split
from store.spool import Manifest

Parts = Mapping[str, Sequence[pa.Table]]
"""A run's rows by table, in parts of any size."""
Evaluations = dict[tuple[Split, int], int]
"""Number of examples by split and epoch."""


def check_rows(manifest: Manifest, parts: Parts, dataset: DatasetFacts) -> Evaluations:
    """Which outputs a run has. Raises Refused, naming run, split, epoch and value, unless its rows fit the dataset."""
    where = f"Run {manifest.config.run_id}"
    for table in ("prediction", "logit", "el2n", "epoch_metric", "evaluation"):
        _require_values(table, parts.get(table, ()), where)
    evaluations = _evaluations(manifest, parts, dataset, where)
    for table, fault_of in (("prediction", _prediction_fault), ("logit", _logit_fault)):
        found = _grouped(parts.get(table, ()), ["split", "epoch"])
        for split, epoch in found.keys() - evaluations.keys():
            raise Refused(
                f"{where}: table {table} has split {split}, epoch {epoch}, which table evaluation does not list."
            )
        for (split, epoch), num_examples in evaluations.items():
            fault = fault_of(found.get((split, epoch)), num_examples, dataset)
            if fault:
                raise Refused(f"{where}, split {split}, epoch {epoch}: {fault}")
    for (epoch,), rows in _grouped(parts.get("el2n", ()), ["epoch"]).items():
        num_train = dataset.num_examples.get("train", 0)
        if not _each_once(_numbers(rows, "example_id"), num_train) or not np.isfinite(_numbers(rows, "el2n")).all():
            raise Refused(
                f"{where}, epoch {epoch}: EL2N must be one finite value for each of the {num_train} training examples."
            )
    _require_metrics(parts.get("epoch_metric", ()), where)
    return evaluations


def _evaluations(manifest: Manifest, parts: Parts, dataset: DatasetFacts, where: str) -> Evaluations:
    found: Evaluations = {}
    for row in (row for part in parts.get("evaluation", ()) for row in part.to_pylist()):
        key, num_examples = (row["split"], row["epoch"]), dataset.num_examples.get(row["split"], 0)
        if row["split"] not in SPLITS or row["epoch"] < -1:
            raise Refused(
                f"{where} has outputs of split '{key[0]}', epoch {key[1]}; splits are {', '.join(SPLITS)}, and epochs count from 0, -1 being "
                "the moment before the first."
            )
        if key in found:
            raise Refused(f"{where} has outputs of split {key[0]}, epoch {key[1]} twice.")
        if row["num_examples"] != num_examples:
            raise Refused(
                f"{where} has outputs of {row['num_examples']} {key[0]} examples at epoch {key[1]}, "
                f"but dataset '{dataset.name}' has {num_examples}."
            )
        found[key] = num_examples
    if not any(epoch == manifest.summary.last_epoch for _, epoch in found):
        raise Refused(
            f"{where} has no outputs of its last epoch {manifest.summary.last_epoch}; record them before finishing it."
        )
    return found


def _require_metrics(parts: Iterable[pa.Table], where: str) -> None:
    seen: set[tuple[Any, ...]] = set()
    for row in (row for part in parts for row in part.to_pylist()):
        key = (row["split"], row["epoch"], row["metric"])
        if key in seen or not math.isfinite(row["value"]):
            raise Refused(f"{where}, split {key[0]}, epoch {key[1]}: {key[2]} must be one finite value.")
        seen.add(key)


def _require_values(table: str, parts: Iterable[pa.Table], where: str) -> None:
    for part in parts:
        for name in part.column_names:
            if part[name].null_count:
                raise Refused(
                    f"{where}: table {table} has {part[name].null_count} rows without {name}; give each a value."
                )


def _grouped(parts: Iterable[pa.Table], keys: list[str]) -> dict[tuple[Any, ...], pa.Table]:
    """The rows of each combination of keys; most often a part is of one."""
    groups: dict[tuple[Any, ...], list[pa.Table]] = {}
    for part in parts:
        there = part.select(keys)
        if all(map(are_alike, there.columns)):
            there = there.slice(0, 1)
        combinations = there.group_by(keys).aggregate([]).to_pylist()
        for row in combinations:
            rows = part
            for key in keys if len(combinations) > 1 else ():
                rows = rows.filter(pc.equal(rows[key], row[key]))
            groups.setdefault(tuple(row[key] for key in keys), []).append(rows)
    return {key: pa.concat_tables(rows) for key, rows in groups.items()}


def _numbers(rows: pa.Table, column: str) -> NDArray[Any]:
    values: NDArray[Any] = rows[column].to_numpy()
    return values


def _each_once(ids_R: NDArray[np.integer], num_examples: int) -> bool:
    """Whether the ids are each of 0 .. N-1 once."""
    in_range = len(ids_R) == num_examples and ids_R.min() >= 0 and ids_R.max() < num_examples
    return bool(in_range and (np.bincount(ids_R, minlength=num_examples) == 1).all())


def _prediction_fault(rows: pa.Table | None, num_examples: int, dataset: DatasetFacts) -> str | None:
    single_label = dataset.task == "single_label"
    if rows is None:
        return "no predictions, but a single-label example has one." if single_label else None
    ids_R, classes_R = _numbers(rows, "example_id").astype(np.int64), _numbers(rows, "class_id")
    outside = classes_R[(classes_R < 0) | (classes_R >= dataset.num_classes)]
    if len(outside):
        return (
            f"predicted class {outside[0]} is not one of the {dataset.num_classes} classes of dataset '{dataset.name}'."
        )
    outside = ids_R[(ids_R < 0) | (ids_R >= num_examples)]
    if len(outside):
        return f"example id {outside[0]} is not one of 0 to {num_examples - 1}."
    labels_R = ids_R * dataset.num_classes + classes_R
    # Rows in order, as our own writer has them, need no sorting.
    num_labels = len(labels_R) if (np.diff(labels_R) > 0).all() else len(np.unique(labels_R))
    if num_labels != len(rows):
        return f"{len(rows) - num_labels} predictions are there twice."
    if single_label and not _each_once(ids_R, num_examples):
        return f"{len(rows)} predictions of {len(np.unique(ids_R))} examples, but each of the {num_examples} examples has exactly one."
    return None


def _logit_fault(rows: pa.Table | None, num_examples: int, dataset: DatasetFacts) -> str | None:
    if rows is None:
        return None
    ids_R = _numbers(rows, "example_id")
    if not _each_once(ids_R, num_examples):
        return f"logits of {len(np.unique(ids_R))} examples in {len(rows)} rows, but each of the {num_examples} examples has one row."
    widths = pc.unique(pc.list_value_length(rows["logits"])).to_pylist()
    if widths != [dataset.num_classes]:
        width = next(width for width in widths if width != dataset.num_classes)
        return f"logits of width {width}, but dataset '{dataset.name}' has {dataset.num_classes} classes."
    # An empty value becomes NaN.
    finite = np.isfinite(pc.list_flatten(rows["logits"]).to_numpy()).all()
    return None if finite else "logits that are not finite."
