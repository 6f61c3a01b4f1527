"""Made-up runs in the warehouse: a variant's, with the answers about it, in one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.evaluated import evaluated_rows, evaluation_rows
from store.protocol import Split
from store.simulated_outputs import MadeUpVariant, SplitExamples, el2n_of, logits_of
from store.warehouse import Warehouse

OUTPUT_SPLITS: tuple[Split, ...] = ("test", "train")
"""In the order in which the rows of a run lie."""
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
    logits_RNC = logits_of(variant, "test", predicted["test"])
    el2n_RN = None if variant.is_pruned else el2n_of(variant, "train", examples["train"].difficulty_N)
    for number, run_id in enumerate(run_ids):
        outputs = {"prediction": _prediction_rows({split: predicted[split][number] for split in OUTPUT_SPLITS})}
        outputs["logit"] = _logit_rows("test", logits_RNC[number])
        if el2n_RN is not None:
            outputs["el2n"] = _dense_rows(round(0.3 * EPOCHS), el2n=el2n_RN[number])
        for table, rows in outputs.items():
            with warehouse.register("made_up_rows", rows.append_column("run_id", _repeated([run_id], [len(rows)]))):
                warehouse.execute(f"insert into {table} by name select r.* from made_up_rows as r")
    sizes = {split: variant.dataset.num_examples[split] for split in OUTPUT_SPLITS}
    evaluations = {(split, EPOCHS - 1): size for split, size in sizes.items()}
    warehouse.insert("evaluation", [row for run_id in run_ids for row in evaluation_rows(run_id, evaluations)])
    _mark_published(warehouse, variant)
    facts = variant.dataset.facts
    evaluated = [row for config in variant.configs for row in evaluated_rows(facts, config, EPOCHS - 1, sizes)]
    warehouse.insert("evaluated_run", evaluated)


def _prediction_rows(predicted: Mapping[Split, NDArray[np.bool_]]) -> pa.Table:
    """What a run predicts for the examples of each split [N, C]."""
    ids, classes = zip(*(np.nonzero(predicted_NC) for predicted_NC in predicted.values()), strict=True)
    num_rows = [len(ids_P) for ids_P in ids]
    return pa.table(
        {
            "split": _repeated(list(predicted), num_rows),
            "epoch": np.full(sum(num_rows), EPOCHS - 1, dtype=np.int16),
            "example_id": np.concatenate(ids).astype(np.int32),
            "class_id": np.concatenate(classes).astype(np.int16),
        }
    )


def _logit_rows(split: Split, logits_NC: NDArray[np.float32]) -> pa.Table:
    num_examples, num_classes = logits_NC.shape
    offsets = pa.array(np.arange(num_examples + 1, dtype=np.int32) * num_classes)
    lists = pa.ListArray.from_arrays(offsets, pa.array(logits_NC.reshape(-1)))
    return _dense_rows(EPOCHS - 1, split=_repeated([split], [num_examples]), logits=lists)


def _dense_rows(epoch: int, **columns: Any) -> pa.Table:
    """A row for each example."""
    num_examples = len(next(iter(columns.values())))
    ids_N, epochs_N = np.arange(num_examples, dtype=np.int32), np.full(num_examples, epoch, dtype=np.int16)
    return pa.table({"epoch": epochs_N, "example_id": ids_N, **columns})


def _repeated(values: Sequence[str], counts: list[int]) -> pa.DictionaryArray:
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
