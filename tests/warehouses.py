"""Made-up warehouses: datasets and runs described as arrays of predicted labels, put in as published rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.dataset import DatasetFacts
from store.evaluated import evaluated_rows
from store.identity import RunConfig
from store.protocol import Split, Task
from store.text import READABILITY_MEASURES
from store.warehouse import Warehouse

Labels = NDArray[np.bool_]
"""Labels of a split, gold or predicted: [N, C] for N examples and C classes."""


@dataclass(frozen=True)
class MadeUpRun:
    """A run: what it predicted at its last epoch, per split; EL2N of the training examples at its influence epoch."""

    pruner: str
    sparsity: float
    seed: int
    predicted: Mapping[Split, Labels]
    last_epoch: int = 0
    influence_epoch: int = 0
    el2n_N: NDArray[np.float32] | None = None
    status: str = "published"
    earlier: Mapping[int, Mapping[Split, Labels]] = field(default_factory=dict)
    """What it predicted at epochs before the last, if those were recorded."""
    logits: Mapping[int, Mapping[Split, NDArray[np.float32]]] = field(default_factory=dict)
    """Logits [N, C] by epoch, where they were kept."""


@dataclass(frozen=True)
class MadeUpStudy:
    """A dataset and its runs, all of one recipe."""

    name: str
    task: Task
    gold: Mapping[Split, Labels]
    runs: Sequence[MadeUpRun]
    readability: Mapping[Split, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    """Scores by measure; a measure left out is the example's number, plus one."""
    architecture: str = "bilstm"

    @property
    def num_classes(self) -> int:
        return next(iter(self.gold.values())).shape[1]

    def score(self, split: Split, measure: str) -> list[float]:
        """A measure of all examples of a split."""
        return list(
            self.readability.get(split, {}).get(measure, [number + 1 for number in range(len(self.gold[split]))])
        )

    def config(self, run: MadeUpRun) -> RunConfig:
        return RunConfig(self.name, "0" * 64, self.architecture, run.pruner, run.sparsity, run.seed, {})


def labels(rows: Sequence[Sequence[int]], num_classes: int) -> Labels:
    """Labels [N, C] from the class numbers of each example."""
    labels_NC = np.zeros((len(rows), num_classes), dtype=np.bool_)
    for number, classes in enumerate(rows):
        labels_NC[number, list(classes)] = True
    return labels_NC


def insert(warehouse: Warehouse, *studies: MadeUpStudy) -> None:
    """Put studies into a warehouse. Each run also predicts something else at an epoch that no question asks for.

    Studies of one name, of several architectures, are of the dataset of the first.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    first = {study.name: study for study in reversed(studies)}
    for study in studies:
        for table, more in (_dataset_rows(study) if first[study.name] is study else {}).items():
            rows.setdefault(table, []).extend(more)
        for run in study.runs:
            _add_run(rows, study, run)
    with warehouse.transaction("made up"):
        for table, values in ((table, values) for table, values in rows.items() if values):
            with warehouse.register("made_up_rows", pa.Table.from_pylist(values)):
                warehouse.execute(f"insert into {table} by name select * from made_up_rows")
        warehouse.execute(
            "insert into recipe_study select distinct r.recipe_id, r.study from run as r anti join recipe_study using (recipe_id)"
        )
        for study in studies:
            facts = DatasetFacts(study.name, study.task, study.num_classes, "0" * 64, {})
            for run in study.runs:
                if run.status == "published":
                    sizes = {split: len(predicted_NC) for split, predicted_NC in run.predicted.items()}
                    warehouse.insert("evaluated_run", evaluated_rows(facts, study.config(run), run.last_epoch, sizes))


def _dataset_rows(study: MadeUpStudy) -> dict[str, list[dict[str, Any]]]:
    name = study.name
    rows: dict[str, list[dict[str, Any]]] = {
        "dataset": [{"dataset": name, "task": study.task, "num_classes": study.num_classes, "digest": "0" * 64}],
        "class": [{"dataset": name, "class_id": c, "name": f"class {c}"} for c in range(study.num_classes)],
        "example": [],
        "readability": [],
    }
    for split, gold_NC in study.gold.items():
        scores = {measure: study.score(split, measure) for measure in (*READABILITY_MEASURES, "num_tokens")}
        for number, gold_C in enumerate(gold_NC):
            key = {"dataset": name, "split": split, "example_id": number}
            class_ids = np.flatnonzero(gold_C).tolist()
            num_tokens = int(scores["num_tokens"][number])
            rows["example"].append(
                key | {"text": f"{split} text {number}", "class_ids": class_ids, "num_tokens": num_tokens}
            )
            measured = {measure: scores[measure][number] for measure in READABILITY_MEASURES}
            rows["readability"].append(key | measured | {"textstat_version": "0.7.8"})
    return rows


def _add_run(rows: dict[str, list[dict[str, Any]]], study: MadeUpStudy, run: MadeUpRun) -> None:
    for table in ("run", "evaluation", "prediction", "logit", "el2n"):
        rows.setdefault(table, [])
    config = study.config(run)
    rows["run"].append(
        {
            "run_id": config.run_id,
            "recipe_id": config.recipe_id,
            "study": f"study of {study.name}",
            "dataset": study.name,
        }
        | {"architecture": study.architecture, "pruner": run.pruner, "sparsity": run.sparsity, "seed": run.seed}
        | {"status": run.status, "last_epoch": run.last_epoch, "config": "{}"}
    )
    astray = {split: np.roll(predicted_NC, 1, axis=1) for split, predicted_NC in run.predicted.items()}
    for epoch, predicted in {**run.earlier, run.last_epoch: run.predicted, 99: astray}.items():
        for split, predicted_NC in predicted.items():
            key = {"run_id": config.run_id, "split": split, "epoch": epoch}
            rows["evaluation"].append(key | {"num_examples": len(predicted_NC)})
            pairs = zip(*np.nonzero(predicted_NC), strict=True)
            rows["prediction"] += [key | {"example_id": int(n), "class_id": int(c)} for n, c in pairs]
    for epoch, kept in run.logits.items():
        for split, logits_NC in kept.items():
            key = {"run_id": config.run_id, "split": split, "epoch": epoch}
            rows["logit"] += [key | {"example_id": n, "logits": list(map(float, x))} for n, x in enumerate(logits_NC)]
    if run.el2n_N is not None:
        for epoch, values_N in ((run.influence_epoch, run.el2n_N), (99, 1 - run.el2n_N)):
            rows["el2n"] += [
                {"run_id": config.run_id, "epoch": epoch, "example_id": number, "el2n": float(value)}
                for number, value in enumerate(values_N)
            ]
