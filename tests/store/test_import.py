"""The authors' result folders: imported exactly once, and refused by name where they do not fit."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from store.dataset import Dataset, register_dataset
from store.errors import NotFound, Refused
from store.import_as_easy_as_pie import import_results
from store.labels import el2n, predicted_labels
from store.main import app
from store.protocol import Task
from store.result_folders import PRUNERS_OF_THE_AUTHORS, result_folders
from store.warehouse import Warehouse
from tests.made_up import made_up_dataset

NUM_EPOCHS = 3


def logits_of(dataset: Dataset, folder: str, seed: int, split: str, epoch: int) -> NDArray[np.float64]:
    """What a made-up model says of a split: mostly right."""
    random = np.random.default_rng([*folder.encode(), seed, epoch, *split.encode()])
    gold_NC = dataset.gold(split)  # type: ignore[arg-type]
    return 2.0 * gold_NC - 1 + random.normal(size=gold_NC.shape)


def write_results(folder: Path, dataset: Dataset, seeds: range, *, packed: bool = False) -> None:
    """The files that the authors' code writes for some seeds of a variant: text, or packed as they did for IMDB."""
    folder.mkdir(parents=True)
    for seed in seeds:
        measures: dict[str, Any] = {
            "accuracy": [[], []], "f1": {"micro": [[], []], "macro": [[], []]}, "loss": [[], []], "threshold": [],
            "train_indexes": {}, "zeroed": [30], "efficiency": [2.0], "stability": [],
        }  # fmt: skip
        random = np.random.default_rng(seed)
        for epoch in range(NUM_EPOCHS):
            threshold = 0.25 * (epoch + 1)
            test_NC = logits_of(dataset, folder.name, seed, "test", epoch)
            labels_NC = predicted_labels(test_NC, dataset.task, threshold)
            accuracy = float((labels_NC == dataset.gold("test")).all(axis=1).mean())
            for side, value in ((0, 0.5), (1, accuracy)):
                measures["accuracy"][side].append(value)
                measures["loss"][side].append(1 / (epoch + 1))
                measures["f1"]["macro"][side].append(value)
            if dataset.task == "multi_label":
                measures["threshold"].append(threshold)
            if epoch != 1 or "NoPruning" in folder.name:
                order = random.permutation(len(dataset.splits["train"]))
                measures["train_indexes"][str(epoch)] = order.tolist()
                train_NC = logits_of(dataset, folder.name, seed, "train", epoch)[order]
                for name, logits_NC in ((f"{seed}_epoch_{epoch}", test_NC), (f"{seed}_epoch_{epoch}_train", train_NC)):
                    if packed:
                        np.save(folder / f"{name}.npy", logits_NC)
                    else:
                        np.savetxt(folder / f"{name}.csv", logits_NC)
        (folder / f"{seed}_measures.{'' if packed else 'json'}").write_text(json.dumps(measures))


@pytest.fixture(params=["single_label", "multi_label"])
def dataset(request: pytest.FixtureRequest, warehouse: Warehouse) -> Dataset:
    task: Task = request.param
    dataset = made_up_dataset("reuters", task, num_classes=4)
    register_dataset(warehouse, dataset)
    return dataset


def test_results_answer_every_question(warehouse: Warehouse, tmp_path: Path, dataset: Dataset) -> None:
    unpruned, pruned = "Reuters_0_BERT_NoPruning_0", "Reuters_0_BERT_IMP-WRs_90"
    write_results(tmp_path / unpruned, dataset, range(2))
    write_results(tmp_path / pruned, dataset, range(2), packed=True)
    write_results(tmp_path / "AAPD_0_BERT_IMPs_90", dataset, range(1))
    (tmp_path / "notes.txt").write_text("not a folder of results")
    results = list(import_results(warehouse, tmp_path, "reuters"))
    assert [(result.folder, result.seed, result.published) for result in results] == [
        (pruned, 0, True), (pruned, 1, True), (unpruned, 0, True), (unpruned, 1, True)
    ]  # fmt: skip
    assert warehouse.rows("select distinct c.is_stored from comparison as c") == [{"is_stored": True}]
    assert not any(result.published or result.refused for result in import_results(warehouse, tmp_path, "reuters"))
    runs = warehouse.rows("select r.* from run as r order by r.pruner, r.seed")
    assert [(run["pruner"], run["sparsity"], run["seed"], run["last_epoch"]) for run in runs] == [
        ("IMP-WR", 0.9, 0, 2), ("IMP-WR", 0.9, 1, 2), ("none", 0, 0, 2), ("none", 0, 1, 2)
    ]  # fmt: skip
    assert len({run["recipe_id"] for run in runs}) == 1 and {run["architecture"] for run in runs} == {"bert"}
    for name in ("pie_rate", "effectiveness_on_pies", "class_distribution", "influence_bin", "readability_ratio"):
        assert warehouse.rows(f"select 1 from {name}"), name
    run_id = runs[2]["run_id"]
    stored = warehouse.rows(
        "select e.el2n from el2n as e where e.run_id = $run_id and e.epoch = 2 order by e.example_id",
        {"run_id": run_id},
    )
    expected = el2n(logits_of(dataset, unpruned, 0, "train", 2).astype(np.float32), dataset.gold("train"), dataset.task)
    assert [row["el2n"] for row in stored] == pytest.approx(expected.tolist())
    predicted = warehouse.rows(
        "select p.example_id, p.class_id from prediction as p where p.run_id = $run_id and p.split = 'train' and p.epoch = 2 order by all",
        {"run_id": run_id},
    )
    labels_NC = predicted_labels(logits_of(dataset, unpruned, 0, "train", 2).astype(np.float32), dataset.task, 0.75)
    assert [tuple(row.values()) for row in predicted] == [tuple(pair) for pair in np.argwhere(labels_NC).tolist()]
    assert runs[2]["threshold"] == (0.75 if dataset.task == "multi_label" else None)


def change_measures(folder: Path, **values: object) -> None:
    file = folder / "0_measures.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def cut_file(name: str, keep: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        lines = (folder / name).read_text().splitlines(keepends=True)
        (folder / name).write_text("".join(keep(lines)))

    return cut


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "last epoch missing": (lambda folder: (folder / "0_epoch_2.csv").unlink(), "no test outputs of seed 0 at its last epoch 2"),
    "rows missing": (cut_file("0_epoch_2.csv", lambda lines: lines[:-1]), r"has 9 rows of 4 logits, but dataset 'reuters' has 10 test"),
    "half a row": (cut_file("0_epoch_0.csv", lambda lines: [*lines[:-1], lines[-1][:30]]), r"0_epoch_0\.csv' cannot be read"),
    "not a number": (cut_file("0_epoch_2.csv", lambda lines: ["x y z w\n", *lines[1:]]), r"0_epoch_2\.csv' cannot be read"),
    "not finite": (cut_file("0_epoch_2.csv", lambda lines: ["nan 1 1 1\n", *lines[1:]]), "the logits of row 0 are not finite"),
    "empty": (cut_file("0_epoch_2.csv", lambda lines: []), r"0_epoch_2\.csv' cannot be read"),
    "no indexes": (lambda folder: change_measures(folder, train_indexes={}), "has no train_indexes of epoch 0"),
    "other indexes": (lambda folder: change_measures(folder, train_indexes={"0": [0] * 20}), "other than each of 0 to 19 once"),
    "indexes of another kind": (
        lambda folder: change_measures(folder, train_indexes={"0": [[0]] * 20}), "has no train_indexes of epoch 0, a list of example ids"
    ),
    "no order at all": (lambda folder: change_measures(folder, train_indexes=None), "has no train_indexes of epoch 0"),
    "too few scores": (lambda folder: change_measures(folder, f1={"macro": [[], []]}), "no finite f1 of the train set at epoch 0"),
    "no efficiency": (lambda folder: change_measures(folder, efficiency=2.5), "no finite efficiency at its end"),
    "no measures": (lambda folder: (folder / "0_measures.json").write_text("[]") and None, "is not an object of measures"),
    "no losses": (lambda folder: change_measures(folder, loss=[]), "has no 'loss' for each epoch"),
    "another order": (cut_file("0_epoch_2.csv", lambda lines: [*lines[1:], lines[0]]), "are in another order"),
    "not JSON": (lambda folder: (folder / "0_measures.json").write_text("{") and None, r"0_measures\.json' is not JSON"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_refused_by_name(warehouse: Warehouse, tmp_path: Path, fault: str) -> None:
    dataset = made_up_dataset("reuters", num_classes=4)
    register_dataset(warehouse, dataset)
    folder = tmp_path / "Reuters_0_BiLSTM_NoPruning_0"
    write_results(folder, dataset, range(2))
    damage, sentence = FAULTS[fault]
    damage(folder)
    bad, good = import_results(warehouse, tmp_path, "reuters")
    with pytest.raises(Refused, match=sentence):
        raise bad.refused or AssertionError("the damaged seed was taken")
    assert good.published
    assert warehouse.rows("select r.seed, r.status from run as r") == [{"seed": 1, "status": "published"}]


def test_every_pruner_of_the_authors_has_a_name_of_ours(tmp_path: Path) -> None:
    for name in PRUNERS_OF_THE_AUTHORS:
        (tmp_path / f"SNLI_0_BERT_{name}_50").mkdir()
    folders = result_folders(tmp_path, "snli")
    assert {folder.pruner for folder in folders} == set(PRUNERS_OF_THE_AUTHORS.values())
    assert {(folder.dataset, folder.architecture, folder.sparsity) for folder in folders} == {("SNLI", "bert", 0.5)}


def test_folders_that_are_not_there_or_not_clear(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="No folder"):
        result_folders(tmp_path / "nowhere", "snli")
    with pytest.raises(NotFound, match="holds no result folder"):
        result_folders(tmp_path, "snli")
    for name in ("SNLI_0_BERT_IMPs_50", "AAPD_0_BERT_IMPs_50"):
        (tmp_path / name).mkdir()
    with pytest.raises(Refused, match="holds results of AAPD, SNLI, and none is named like dataset 'mine'"):
        result_folders(tmp_path, "mine")
    assert len(result_folders(tmp_path / "SNLI_0_BERT_IMPs_50", "mine")) == 1
    with pytest.raises(NotFound, match="No dataset 'snli' in the warehouse"):
        list(import_results(warehouse, tmp_path, "snli"))


def test_the_command_says_what_is_missing(warehouse: Warehouse, tmp_path: Path) -> None:
    dataset = made_up_dataset("imdb", num_classes=2)
    register_dataset(warehouse, dataset)
    folder = tmp_path / "IMDB_0_BERT_IBPs_ini_20"
    write_results(folder, dataset, range(4))
    for file in folder.glob("2_*"):
        file.unlink()
    url = shutil.copytree(warehouse.location.url, tmp_path / "copy")
    result = CliRunner().invoke(
        app,
        ["import", "as-easy-as-pie", str(tmp_path), "--dataset", "imdb", "--warehouse", str(url)],
        catch_exceptions=False,
    )
    assert result.exit_code == 0
    assert "IMDB_0_BERT_IBPs_ini_20: seeds missing: 2" in result.output and "3 runs published." in result.output
