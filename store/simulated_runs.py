"""Made-up runs in the warehouse: a variant's, with the answers about it, in one transaction."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.evaluated import evaluated_rows, evaluation_rows
from store.protocol import Split
from store.simulated_outputs import MadeUpVariant, SplitExamples, el2n_of, logits_of
from store.warehouse import Warehouse

OUTPUT_SPLITS: tuple[Split, ...] = ("train", "test")
EPOCHS = 3
"""Epochs of every made-up run; only the last one's outputs are there, and EL2N at the influence epoch."""


def insert_runs(
    warehouse: Warehouse,
    variant: MadeUpVariant,
    examples: Mapping[Split, SplitExamples],
    predicted: Mapping[Split, NDArray[np.bool_]],
) -> None:
    """Insert all runs of a variant as `publish_run` would one by one; inside a transaction.

    `predicted` has what each of them predicts, by split [R, N, C].
    """
    run_ids = [config.run_id for config in variant.configs]
    for split in OUTPUT_SPLITS:
        _insert(warehouse, "prediction", _prediction_rows(run_ids, predicted[split]), split)
    _insert(warehouse, "logit", _logit_rows(run_ids, logits_of(variant, "test", predicted["test"])), "test")
    if not variant.is_pruned:
        el2n_RN = el2n_of(variant, "train", examples["train"].difficulty_N)
        with warehouse.register("made_up_rows", _dense_rows(run_ids, el2n_RN.shape[1], el2n=el2n_RN.reshape(-1))):
            warehouse.execute(
                "insert into el2n by name select r.*, $epoch::smallint as epoch from made_up_rows as r",
                {"epoch": round(0.3 * EPOCHS)},
            )
    sizes = {split: variant.dataset.num_examples[split] for split in OUTPUT_SPLITS}
    outputs = {(split, EPOCHS - 1): size for split, size in sizes.items()}
    warehouse.insert("evaluation", [row for run_id in run_ids for row in evaluation_rows(run_id, outputs)])
    _mark_published(warehouse, variant)
    facts = variant.dataset.facts
    evaluated = [row for config in variant.configs for row in evaluated_rows(facts, config, EPOCHS - 1, sizes)]
    warehouse.insert("evaluated_run", evaluated)


def _insert(warehouse: Warehouse, table: str, rows: pa.Table, split: Split) -> None:
    with warehouse.register("made_up_rows", rows):
        warehouse.execute(
            f"insert into {table} by name select r.*, $split as split, $epoch::smallint as epoch from made_up_rows as r",
            {"split": split, "epoch": EPOCHS - 1},
        )


def _prediction_rows(run_ids: list[str], predicted_RNC: NDArray[np.bool_]) -> pa.Table:
    """One run after the other, as they would be published."""
    ids, classes, counts = [], [], []
    for predicted_NC in predicted_RNC:
        ids_P, classes_P = np.nonzero(predicted_NC)
        ids.append(ids_P.astype(np.int32))
        classes.append(classes_P.astype(np.int16))
        counts.append(len(ids_P))
    return pa.table(
        {"run_id": _repeated(run_ids, counts), "example_id": np.concatenate(ids), "class_id": np.concatenate(classes)}
    )


def _logit_rows(run_ids: list[str], logits_RNC: NDArray[np.float32]) -> pa.Table:
    num_classes = logits_RNC.shape[2]
    offsets = pa.array(np.arange(0, logits_RNC.size + 1, num_classes, dtype=np.int32))
    lists = pa.ListArray.from_arrays(offsets, pa.array(logits_RNC.reshape(-1)))
    return _dense_rows(run_ids, logits_RNC.shape[1], logits=lists)


def _dense_rows(run_ids: list[str], num_examples: int, **column: object) -> pa.Table:
    """A row for each run and example."""
    ids_P = np.tile(np.arange(num_examples, dtype=np.int32), len(run_ids))
    return pa.table({"run_id": _repeated(run_ids, [num_examples] * len(run_ids)), "example_id": ids_P, **column})


def _repeated(values: list[str], counts: list[int]) -> pa.DictionaryArray:
    numbers = np.repeat(np.arange(len(values), dtype=np.int32), counts)
    return pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(values))


def _mark_published(warehouse: Warehouse, variant: MadeUpVariant) -> None:
    sparsity = variant.configs[0].sparsity
    values: Mapping[str, object] = {
        "run_ids": [config.run_id for config in variant.configs],
        "threshold": 0.5 if variant.dataset.task == "multi_label" else None,
        "num_parameters": variant.num_parameters,
        "num_prunable": variant.num_prunable,
        "num_pruned": round(sparsity * variant.num_prunable),
        "last_epoch": EPOCHS - 1,
    }
    warehouse.execute(
        """
        update run set
            status = 'published', threshold = $threshold, num_parameters = $num_parameters, num_prunable = $num_prunable,
            num_pruned = $num_pruned, measured_sparsity = $num_pruned / $num_prunable, last_epoch = $last_epoch,
            versions = '{}', content_digest = 'made up'
        where list_contains($run_ids, run_id)
        """,
        values,
    )
