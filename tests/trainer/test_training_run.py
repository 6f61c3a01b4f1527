"""A run from configuration to spool: killed, damaged and in each other's way, it ends in the same bits."""

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from store.identity import RunConfig
from store.protocol import Task
from store.spool import read_files, read_manifest
from tests.trainer import killed
from tests.trainer.tiny import tiny_configs, tiny_data, tiny_study
from trainer import training_run
from trainer.errors import Busy
from trainer.events import DenseReady, Event, Step
from trainer.place import Place, dense_journal, discard_dense
from trainer.training_run import TrainingRun

KILLED = [
    ("none", "multi_label"),
    ("IMP-WR", "single_label"),
    ("IIBP-FT", "multi_label"),
    ("IRP-FT", "single_label"),
    ("RP-AI", "single_label"),
]
KILLS_OF_EACH = 7


def spool(place: Place, config: RunConfig, task: Task = "single_label", **changes: Any) -> list[Event]:
    """Train and spool a tiny run; returns what it reported."""
    events: list[Event] = []
    TrainingRun(tiny_study(**changes), config, tiny_data(task), place, events.append).spool()
    return events


def digest(place: Place, config: RunConfig) -> str:
    """The digest of a spooled run's content, whose files are whole."""
    manifest = read_manifest(place.spool / config.run_id)
    read_files(place.spool / config.run_id, manifest)
    assert manifest.config == config
    return manifest.content_digest


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[RunConfig, Task], str]:
    """The digest of a run's content when nothing happens to it."""
    place = killed.place_in(tmp_path_factory.mktemp("undisturbed"))

    @cache
    def digest_of(run_id: str, task: Task) -> str:
        config = {config.run_id: config for config in tiny_configs(tiny_study()).values()}[run_id]
        shutil.rmtree(place.spool, ignore_errors=True)
        spool(place, config, task)
        return digest(place, config)

    return lambda config, task: digest_of(config.run_id, task)


@pytest.mark.parametrize(("pruner", "task"), KILLED)
def test_a_run_killed_again_and_again_ends_in_the_same_bits(
    pruner: str, task: Task, tmp_path: Path, undisturbed: Callable[[RunConfig, Task], str]
) -> None:
    """35 kills: half right before a use of a file, wherever that is, half at any moment."""
    config, draw = tiny_configs(tiny_study())[pruner], random.Random(pruner)
    place, num_kills, num_finished = killed.place_in(tmp_path / "0"), 0, 0
    while num_kills < KILLS_OF_EACH:
        if num_kills % 2:
            status = killed.run(killed.spool, place, config, task, {}, kill_after=draw.uniform(0.01, 0.15))
        else:
            status = killed.run(killed.spool_until_killed, draw.randint(1, 25), place, config, task, {})
        assert status in (0, -9)
        num_kills += status == -9
        if status == 0:
            assert digest(place, config) == undisturbed(config, task)
            num_finished += 1
            place = killed.place_in(tmp_path / str(num_finished))
    assert killed.run(killed.spool, place, config, task, {}) == 0
    assert digest(place, config) == undisturbed(config, task)
    assert not list(place.work.glob("run-*"))


@pytest.mark.parametrize("kill_at", [4, 8, 12, 16, 20, 24, 28, 32])
def test_a_kill_loses_at_most_the_epoch_in_progress(kill_at: int, tmp_path: Path) -> None:
    place, config = killed.place_in(tmp_path), tiny_configs(tiny_study(epochs=3))["RP-AI"]
    assert killed.run(killed.spool_until_killed, kill_at, place, config, "single_label", {"epochs": 3}) == -9
    kept = sorted(path.name for path in place.work.glob(f"run-{config.run_id}/checkpoint-*.pt"))
    next_epoch = int(kept[-1].split("-")[1]) + 1 if kept else 0
    steps = [event.epoch for event in spool(place, config, epochs=3) if isinstance(event, Step)]
    assert steps == [*range(next_epoch, 3)]


def test_the_dense_epochs_are_trained_once_for_a_seed(tmp_path: Path) -> None:
    place, configs = killed.place_in(tmp_path), tiny_configs(tiny_study())
    told = {pruner: spool(place, configs[pruner]) for pruner in ("none", "IMP-WR", "IIBP-FT", "RP-AI")}
    epochs = {pruner: [event.epoch for event in events if isinstance(event, Step)] for pruner, events in told.items()}
    assert epochs == {"none": [0, 1], "IMP-WR": [*range(2, 8)], "IIBP-FT": [*range(2, 8)], "RP-AI": [0, 1]}
    assert [DenseReady(configs[pruner].run_id) in events for pruner, events in told.items()] == [
        True,
        True,
        True,
        False,
    ]
    discard_dense(place, configs["IMP-WR"])
    assert not list(place.work.glob("dense-*"))


def test_an_iterative_run_first_and_the_unpruned_one_after_it_are_the_same_as_alone(
    tmp_path: Path, undisturbed: Callable[[RunConfig, Task], str]
) -> None:
    place, configs = killed.place_in(tmp_path), tiny_configs(tiny_study())
    for pruner in ("IMP-FT", "none"):
        spool(place, configs[pruner])
        assert digest(place, configs[pruner]) == undisturbed(configs[pruner], "single_label")


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("pattern", ["checkpoint-*.pt", "records-00000-*.npz"])
@pytest.mark.parametrize("damage", [flip_a_byte, cut, Path.unlink])
def test_damaged_dense_epochs_are_trained_again(
    damage: Callable[[Path], None], pattern: str, tmp_path: Path, undisturbed: Callable[[RunConfig, Task], str]
) -> None:
    place, configs = killed.place_in(tmp_path), tiny_configs(tiny_study())
    spool(place, configs["none"])
    (file,) = dense_journal(place.work, configs["none"]).path.glob(pattern)
    damage(file)
    events = spool(place, configs["IMP-WR"])
    assert [event.epoch for event in events if isinstance(event, Step)] == [*range(8)]
    assert digest(place, configs["IMP-WR"]) == undisturbed(configs["IMP-WR"], "single_label")


def test_another_runs_dense_epochs_are_never_taken(
    tmp_path: Path, undisturbed: Callable[[RunConfig, Task], str]
) -> None:
    place, config = killed.place_in(tmp_path), tiny_configs(tiny_study())["IMP-WR"]
    foreign = replace(config, seed=5)
    spool(place, foreign)
    shutil.move(dense_journal(place.work, foreign).path, dense_journal(place.work, config).path)
    spool(place, config)
    assert digest(place, config) == undisturbed(config, "single_label")


def test_a_spooled_run_is_not_trained_again(tmp_path: Path) -> None:
    place, config = killed.place_in(tmp_path), tiny_configs(tiny_study())["RP-AI"]
    spool(place, config)
    assert spool(place, config) == []


def test_what_an_earlier_attempt_left_in_the_spool_is_not_mixed_in(tmp_path: Path) -> None:
    place, config = killed.place_in(tmp_path), tiny_configs(tiny_study())["RP-AI"]
    partial = place.spool / f"{config.run_id}.partial"
    partial.mkdir(parents=True)
    (partial / "prediction.test-77.parquet").write_bytes(b"of another version")
    spool(place, config)
    assert [file.name for file in read_manifest(place.spool / config.run_id).files if "77" in file.name] == []


def test_a_run_that_another_process_trains_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_run, "LOCK_TIMEOUT_SECONDS", 0.1)
    place, config = killed.place_in(tmp_path), tiny_configs(tiny_study())["RP-AI"]
    (place.work / "locks").mkdir(parents=True)
    with (
        FileLock(place.work / "locks" / f"run-{config.run_id}"),
        pytest.raises(Busy, match="Another process is at work on"),
    ):
        spool(place, config)
    spool(place, config)
