"""Runs of the paper's authors into the warehouse, without training them again.

Their outputs are in the order of their own copy of the dataset; that it is ours is held against the accuracy that
they measured. Shapes: N examples, C classes.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from store.answers import store_due_answers
from store.dataset import Dataset, load_dataset
from store.errors import NotFound, Refused, StoreError
from store.identity import RunConfig
from store.labels import el2n, predicted_labels
from store.protocol import UNPRUNED, Split
from store.publish import publish_run
from store.result_folders import Measures, ResultFolder, read_logits, result_folders
from store.spool import RunSummary, RunWriter
from store.warehouse import Warehouse

STUDY = "as-easy-as-pie"


@dataclass(frozen=True)
class ImportResult:
    """What became of one seed of a folder: published now, there already, or refused for a reason."""

    folder: str
    seed: int
    published: bool
    refused: StoreError | None = None


def import_results(
    warehouse: Warehouse, path: Path, dataset_name: str, *, study: str = STUDY
) -> Iterator[ImportResult]:
    """Publish the runs in the authors' result folders, each exactly once; a refused run does not stop the others.

    Raises NotFound when dataset or folders are not there, Refused when it is not clear which folders are meant.
    """
    folders = result_folders(path, dataset_name)
    dataset = load_dataset(warehouse, dataset_name)
    for folder in folders:
        for seed in folder.seeds:
            with tempfile.TemporaryDirectory(prefix="pie-import-") as spool:
                try:
                    published = publish_run(warehouse, spool_result(Path(spool), dataset, folder, seed, study))
                except (NotFound, Refused) as error:
                    yield ImportResult(folder.path.name, seed, False, error)
                else:
                    yield ImportResult(folder.path.name, seed, published)
    store_due_answers(warehouse, planned=False)


def spool_result(spool: Path, dataset: Dataset, folder: ResultFolder, seed: int, study: str) -> Path:
    """Spool one seed of a folder; returns where it lies.

    Raises Refused, naming file and value, when something is missing, cut, or does not fit the dataset.
    """
    measures, files = folder.measures_of(seed), folder.outputs_of(seed)
    last_epoch = measures.num_epochs - 1
    if ("test", last_epoch) not in files:
        raise Refused(
            f"'{folder.path}' has no test outputs of seed {seed} at its last epoch {last_epoch}; copy them too."
        )
    settings = {"imported_from": "as-easy-as-pie", "noise": folder.noise}
    config = RunConfig(
        dataset.name, dataset.digest, folder.architecture, folder.pruner, folder.sparsity, seed, settings
    )
    writer = RunWriter(spool, config, study=study, task=dataset.task)
    for (split, epoch), file in files.items():
        _record_outputs(writer, dataset, measures, split, epoch, file)
    for epoch in range(measures.num_epochs):
        writer.record_metrics(epoch, measures.metrics(epoch))
    threshold = measures.threshold(last_epoch) if dataset.task == "multi_label" else None
    return writer.finish(RunSummary(last_epoch=last_epoch, threshold=threshold))


def _record_outputs(
    writer: RunWriter, dataset: Dataset, measures: Measures, split: Split, epoch: int, file: Path
) -> None:
    if split not in dataset.splits:
        raise Refused(f"'{file}' is of split {split}, which dataset '{dataset.name}' does not have.")
    logits_NC, gold_NC = read_logits(file), dataset.gold(split)
    if logits_NC.shape != gold_NC.shape:
        raise Refused(
            f"'{file}' has {logits_NC.shape[0]} rows of {logits_NC.shape[1]} logits, but dataset '{dataset.name}' has "
            f"{gold_NC.shape[0]} {split} examples and {gold_NC.shape[1]} classes."
        )
    threshold = measures.threshold(epoch) if dataset.task == "multi_label" else None
    if split == "test":
        _check_order(file, logits_NC, gold_NC, dataset, measures, epoch)
        writer.record_outputs("test", epoch, logits_NC, threshold=threshold)
        return
    indexes_N = measures.train_indexes(epoch)
    if not np.array_equal(np.sort(indexes_N), np.arange(len(gold_NC))):
        raise Refused(
            f"'{measures.file}' numbers the rows of epoch {epoch} with other than each of 0 to {len(gold_NC) - 1} once; "
            "is the dataset the authors' one?"
        )
    writer.record_outputs("train", epoch, logits_NC, threshold=threshold, example_ids_N=indexes_N, keep_logits=False)
    if writer.config.pruner == UNPRUNED:
        writer.record_el2n(epoch, el2n(logits_NC, gold_NC[indexes_N], dataset.task), example_ids_N=indexes_N)


def _check_order(
    file: Path,
    logits_NC: NDArray[np.float32],
    gold_NC: NDArray[np.bool_],
    dataset: Dataset,
    measures: Measures,
    epoch: int,
) -> None:
    """The accuracy against our gold labels must be the one that the authors measured against theirs."""
    if not np.isfinite(logits_NC).all():
        return  # the writer refuses it, with the row
    threshold = measures.threshold(epoch) if dataset.task == "multi_label" else None
    right_N = (predicted_labels(logits_NC, dataset.task, threshold) == gold_NC).all(axis=1)
    accuracy, measured = float(right_N.mean()), measures.metrics(epoch)["test", "accuracy"]
    # Logits near the threshold may fall to either side once they were rounded.
    if abs(accuracy - measured) > 1.5 / len(right_N):
        raise Refused(
            f"'{file}' has an accuracy of {accuracy:.4f} on dataset '{dataset.name}', but the authors measured {measured:.4f}: "
            "its examples or classes are in another order; add the dataset as the authors have it."
        )
