"""The spool: what a writer hands over is what a reader finds, whole or not at all."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from store.errors import NotFound, Refused
from store.spool import MANIFEST, RunSummary, RunWriter, read_files, read_manifest, spooled_runs
from tests.made_up import made_up_dataset, run_config, spool_run

DATASET = made_up_dataset()
CONFIG = run_config(DATASET)


def writer(spool: Path) -> RunWriter:
    return RunWriter(spool, CONFIG, study="made up", task="single_label")


def test_predictions_take_the_lowest_class_on_ties_and_the_order_of_ids(tmp_path: Path) -> None:
    run = writer(tmp_path)
    logits_NC = np.array([[0.0, 2.0, 2.0], [1.0, 1.0, 1.0], [0.0, 0.0, 5.0]])
    run.record_outputs("test", 0, logits_NC, example_ids_N=np.array([2, 0, 1]))
    path = run.finish(RunSummary(last_epoch=0))
    predictions = pq.read_table(path / "prediction.test-0.parquet").to_pylist()
    assert [(row["example_id"], row["class_id"]) for row in predictions] == [(0, 0), (1, 2), (2, 1)]
    logits = pq.read_table(path / "logit.test-0.parquet").to_pylist()
    assert [row["logits"] for row in logits] == [[1, 1, 1], [0, 0, 5], [0, 2, 2]]


def test_multi_label_predicts_what_is_above_the_threshold_possibly_nothing(tmp_path: Path) -> None:
    run = RunWriter(tmp_path, CONFIG, study="made up", task="multi_label")
    run.record_outputs("test", 0, np.array([[0.0, 3.0], [-3.0, -3.0], [0.1, 0.1]]), threshold=0.5)
    path = run.finish(RunSummary(last_epoch=0, threshold=0.5))
    predictions = pq.read_table(path / "prediction.test-0.parquet").to_pylist()
    # sigmoid(0) is 0.5 exactly: not above the threshold.
    assert [(row["example_id"], row["class_id"]) for row in predictions] == [(0, 1), (2, 0), (2, 1)]
    assert pq.read_table(path / "evaluation.test-0.parquet").to_pylist() == [
        {"split": "test", "epoch": 0, "num_examples": 3}
    ]


def test_manifest_describes_the_files(tmp_path: Path) -> None:
    path = spool_run(tmp_path, DATASET, CONFIG)
    manifest = read_manifest(path)
    read_files(path, manifest)
    assert manifest.config == CONFIG and manifest.study == "made up" and manifest.summary.num_pruned == 3
    assert {file.name for file in manifest.files} == {file.name for file in path.glob("*.parquet")}
    assert {file.table for file in manifest.files} == {
        "prediction",
        "logit",
        "el2n",
        "mask",
        "epoch_metric",
        "evaluation",
    }


def test_same_outputs_have_the_same_content_digest(tmp_path: Path) -> None:
    one, two = (read_manifest(spool_run(tmp_path / name, DATASET, CONFIG)) for name in ("one", "two"))
    assert one.content_digest == two.content_digest
    assert one.summary.started_at is not None


def test_a_resumed_run_may_record_again(tmp_path: Path) -> None:
    first = writer(tmp_path)
    first.record_outputs("test", 0, np.eye(3))
    first.record_outputs("test", 1, np.eye(3))
    del first  # killed before finishing
    assert spooled_runs(tmp_path) == []
    path = spool_run(tmp_path, DATASET, CONFIG)
    assert (
        read_manifest(path).content_digest
        == read_manifest(spool_run(tmp_path / "fresh", DATASET, CONFIG)).content_digest
    )
    assert spooled_runs(tmp_path) == [path] == spooled_runs(path)


@pytest.mark.parametrize(
    ("logits", "options", "sentence"),
    [
        (np.zeros((3,)), {}, r"logits of shape \(3,\) are not a row per example"),
        (np.array([[0, 1], [0, np.nan]]), {}, "the logits of row 1 are not finite"),
        (np.zeros((3, 2)), {"example_ids_N": np.array([0, 1, 1])}, "example ids must be each of 0 to 2 once"),
        (np.zeros((3, 2)), {"example_ids_N": np.array([0, 1])}, "example ids must be each of 0 to 2 once"),
    ],
)
def test_malformed_outputs_are_refused(
    tmp_path: Path, logits: np.ndarray, options: dict[str, np.ndarray], sentence: str
) -> None:
    with pytest.raises(Refused, match=f"Run {CONFIG.run_id}, split test, epoch 4: {sentence}"):
        writer(tmp_path).record_outputs("test", 4, logits, **options)  # type: ignore[arg-type]
    assert list((tmp_path / f"{CONFIG.run_id}.partial").iterdir()) == []


def test_diverged_metrics_and_incomplete_runs_are_refused(tmp_path: Path) -> None:
    run = writer(tmp_path)
    with pytest.raises(Refused, match="train loss is nan; training has diverged"):
        run.record_metrics(0, {("train", "loss"): float("nan")})
    with pytest.raises(Refused, match="EL2N needs one finite value"):
        run.record_el2n(0, np.array([0.5, np.inf]))
    with pytest.raises(Refused, match="has recorded no outputs"):
        run.finish(RunSummary(last_epoch=0))


def test_manifests_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    path = spool_run(tmp_path, DATASET, CONFIG)
    manifest = path / MANIFEST
    values = json.loads(manifest.read_text())
    file = values["files"][0]
    for change, sentence in [
        ({"format": 9}, "has spool format 9, this version reads 1"),
        ({"run_id": "abc"}, "is named run abc, but its configuration is that of run"),
        ({"files": [{}]}, "files.0.table: Field required"),
        ({"files": [file | {"name": "../manifest.json"}]}, "files.0.name: String should match pattern"),
        ({"files": [file | {"name": ".."}]}, "files.0.name: String should match pattern"),
        ({"files": [file | {"table": ["prediction"]}]}, "files.0.table: Input should be a valid string"),
        ({"files": [file | {"rows": "10"}]}, "files.0.rows: Input should be a valid integer"),
        ({"config": values["config"] | {"colour": "red"}}, "config.colour: Extra inputs are not permitted"),
        ({"config": values["config"] | {"settings": 1.5}}, "config.settings: Input should be an object"),
        ({"config": values["config"] | {"settings": {"lr": float("inf")}}}, "a number that is not finite"),
        ({"config": values["config"] | {"seed": 2**31}}, "config.seed: Input should be less than 2147483648"),
        ({"summary": {"last_epoch": 1.5}}, "summary.last_epoch: Input should be a valid integer"),
        ({"summary": {"last_epoch": 1, "started_at": "x"}}, "summary.started_at: Input should be a valid datetime"),
        ({"summary": {"last_epoch": 1, "threshold": "0.5"}}, "summary.threshold: Input should be a valid number"),
        ({"study": None}, "study: Input should be a valid string"),
    ]:
        manifest.write_text(json.dumps(values | change))
        with pytest.raises(Refused, match=sentence):
            read_manifest(path)
    manifest.write_text("{")
    with pytest.raises(Refused, match="is not JSON"):
        read_manifest(path)
    manifest.unlink()
    with pytest.raises(NotFound, match=r"it has no manifest\.json"):
        read_manifest(path)
    with pytest.raises(NotFound, match="No spool at"):
        spooled_runs(tmp_path / "nowhere")
