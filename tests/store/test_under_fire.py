"""Exactly once, under fire: many processes publish, register and read at once, and are killed at random."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.dataset import register_dataset
from store.publish import publish_run
from store.run import register_study
from store.spool import SCHEMAS, RunSummary, RunWriter
from store.warehouse import Warehouse, open_warehouse
from tests.made_up import made_up_dataset, run_config

SPAWN = multiprocessing.get_context("spawn")
DATASET = made_up_dataset(sizes={"test": 10})
NUM_RUNS, NUM_PUBLISHERS, NUM_KILLED, LONGEST_WAIT_SECONDS = 400, 8, 5, 10.0
ROWS_OF_A_RUN = {"prediction": 10, "logit": 10, "el2n": 0, "mask": 0, "epoch_metric": 0, "evaluation": 1}


def spool_tiny_runs(spool: Path, num_runs: int) -> list[Path]:
    """Runs of one evaluation, as small as a run can be."""
    logits_NC = [[float(row % 3 == column) for column in range(3)] for row in range(10)]
    paths = []
    for seed in range(num_runs):
        writer = RunWriter(spool, run_config(DATASET, seed=seed), study="fire", task="single_label")
        writer.record_outputs("test", 0, logits_NC)  # type: ignore[arg-type]
        paths.append(writer.finish(RunSummary(last_epoch=0)))
    return paths


def publish_runs(url: str, paths: Sequence[Path], log: Path) -> None:
    """A publisher: its runs in turn, those that are there already skipped; logs how long each took."""
    with open_warehouse(url) as warehouse, log.open("a", buffering=1) as lines:
        for path in paths:
            start = time.perf_counter()
            publish_run(warehouse, path)
            lines.write(f"{time.perf_counter() - start}\n")


def read_all_the_time(url: str, until: Any, seen: Path) -> None:
    """A reader: whole runs only, at every look, in a connection of its own and in fresh ones."""
    num_looks = 0
    with open_warehouse(url, read_only=True) as kept:
        while not until.is_set():
            look(kept)
            with open_warehouse(url, read_only=True) as fresh:
                look(fresh)
            num_looks += 2
    seen.write_text(str(num_looks))


def look(warehouse: Warehouse) -> None:
    with warehouse.reading():
        num_published = warehouse.rows("select count(*) as n from run as r where r.status = 'published'")[0]["n"]
        of_run = warehouse.rows("select count(*) as n from prediction as p group by p.run_id")
    assert [row["n"] for row in of_run] == [10] * num_published, "a reader saw half a run"


def start(target: Any, *arguments: Any) -> BaseProcess:
    process = SPAWN.Process(target=target, args=arguments)
    process.start()
    return process


def test_racing_killed_and_restarted_publishers(any_url: str, tmp_path: Path) -> None:
    with open_warehouse(any_url) as warehouse:
        register_dataset(warehouse, DATASET)
    paths = spool_tiny_runs(tmp_path / "spool", NUM_RUNS)
    # Every run has two publishers, so that they meet.
    shares = [paths[number::NUM_PUBLISHERS] + paths[number + 1 :: NUM_PUBLISHERS] for number in range(NUM_PUBLISHERS)]
    logs = [tmp_path / f"log{number}" for number in range(NUM_PUBLISHERS)]
    until = SPAWN.Event()
    reader = start(read_all_the_time, any_url, until, tmp_path / "looks")
    publishers = [start(publish_runs, any_url, shares[number], logs[number]) for number in range(NUM_PUBLISHERS)]
    dice = random.Random(0)
    for _ in range(NUM_KILLED):
        time.sleep(dice.uniform(0.3, 1.0))
        number = dice.randrange(NUM_PUBLISHERS)
        os.kill(publishers[number].pid or 0, signal.SIGKILL)
        publishers[number].join()
        publishers[number] = start(publish_runs, any_url, shares[number], logs[number])
    for publisher in publishers:
        publisher.join()
        assert publisher.exitcode == 0
    until.set()
    reader.join()
    assert reader.exitcode == 0 and int((tmp_path / "looks").read_text()) > 0
    # A killed publisher may have left half a line.
    waits = [float(line) for log in logs for line in log.read_text().split("\n")[:-1]]
    assert max(waits) < LONGEST_WAIT_SECONDS
    with open_warehouse(any_url, read_only=True) as warehouse:
        for table, num_rows in ROWS_OF_A_RUN.items():
            assert warehouse.rows(f"select count(*) as n from {table}")[0]["n"] == num_rows * NUM_RUNS
        assert warehouse.rows("select count(*) as n, count(distinct r.run_id) as m from run as r") == [
            {"n": NUM_RUNS, "m": NUM_RUNS}
        ]


def register_all(url: str, num_seeds: int) -> None:
    with open_warehouse(url) as warehouse:
        configs = [run_config(DATASET, seed=seed) for seed in range(num_seeds)]
        register_study(warehouse, "fire", configs, "{}")


def test_the_same_runs_registered_at_once_are_there_once(any_url: str) -> None:
    with open_warehouse(any_url) as warehouse:
        register_dataset(warehouse, DATASET)
    registrars = [start(register_all, any_url, 20 + number) for number in range(4)]
    for registrar in registrars:
        registrar.join()
        assert registrar.exitcode == 0
    with open_warehouse(any_url, read_only=True) as warehouse:
        assert warehouse.rows("select count(*) as n, count(distinct r.run_id) as m from run as r") == [
            {"n": 23, "m": 23}
        ]
        assert warehouse.rows("select count(*) as n from study as s") == [{"n": 1}]


def make(url: str) -> None:
    open_warehouse(url, create=True).close()


@pytest.mark.parametrize("num_makers", [4])
def test_a_warehouse_made_by_many_at_once_is_made_once(postgres_url: str, num_makers: int) -> None:
    makers = [start(make, postgres_url) for _ in range(num_makers)]
    for maker in makers:
        maker.join()
        assert maker.exitcode == 0
    with open_warehouse(postgres_url) as warehouse:
        versions = [row["version"] for row in warehouse.rows("select m.version from migration as m order by 1")]
        assert versions == list(range(1, len(versions) + 1))


def test_the_spool_of_a_tiny_run_is_as_documented(tmp_path: Path) -> None:
    """What other languages must write: the tables' columns and types, no more."""
    (path,) = spool_tiny_runs(tmp_path, 1)
    for file in path.glob("*.parquet"):
        table: pa.Table = pq.read_table(file)
        assert table.schema.equals(SCHEMAS[file.name.split(".")[0]])
