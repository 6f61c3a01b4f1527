"""Exactly once, under fire: many processes publish the same runs while others read, and are killed at random."""

import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from store.dataset import register_dataset
from store.publish import publish_some
from store.run import register_study
from store.warehouse import Warehouse, open_warehouse
from tests.made_up import run_config
from tests.store.test_at_once import DATASET, SPAWN, spool_tiny_runs, start

pytestmark = pytest.mark.alone
NUM_RUNS, NUM_PUBLISHERS, NUM_KILLED, LONGEST_WAIT_SECONDS = 400, 8, 6, 10.0
ROWS_OF_A_RUN = {"prediction": 10, "logit": 10, "evaluation": 1, "evaluated_run": 1, "run": 1}


def publish_runs(url: str, paths: Sequence[Path], together: int, log: Path) -> None:
    """A publisher: its runs in turn, so many together, those that are there already too; logs how long each waited."""
    with open_warehouse(url) as warehouse, log.open("a", buffering=1) as lines:
        while paths:
            begun = time.perf_counter()
            results = publish_some(warehouse, paths[:together])
            assert not any(result.refused for result in results), results
            lines.writelines(f"{time.perf_counter() - begun}\n" for _ in results)
            paths = paths[len(results) :]


def read_all_the_time(url: str, until: Any, seen: Path) -> None:
    """A reader: whole runs only, at every look, in a connection of its own and in fresh ones."""
    num_looks = 0
    with open_warehouse(url, read_only=True) as kept:
        # With a breath between looks: on two processors, a reader who never rests takes one from eight publishers.
        while not until.wait(0.2):
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


def test_every_run_is_there_once_and_nobody_waits_long(any_url: str, tmp_path: Path) -> None:
    url = any_url
    paths = spool_tiny_runs(tmp_path / "spool", NUM_RUNS)
    with open_warehouse(url) as warehouse:
        register_dataset(warehouse, DATASET)
        # Half of the runs are planned, half are not known before they come.
        register_study(warehouse, "fire", [run_config(DATASET, seed=seed) for seed in range(0, NUM_RUNS, 2)], "{}")
    # Some runs have two publishers at once, and what a killed one had begun is published by the one that follows it.
    shares = [
        paths[number::NUM_PUBLISHERS] + paths[number + 1 :: 4 * NUM_PUBLISHERS] for number in range(NUM_PUBLISHERS)
    ]
    logs = [tmp_path / f"log{number}" for number in range(NUM_PUBLISHERS)]
    until, looks = SPAWN.Event(), tmp_path / "looks"
    reader = start(read_all_the_time, url, until, looks)

    def publisher_of(number: int) -> Any:
        # Half of them publish one by one, half as many together as go.
        return start(publish_runs, url, shares[number], 1 if number % 2 else len(paths), logs[number])

    publishers = [publisher_of(number) for number in range(NUM_PUBLISHERS)]
    dice = random.Random(0)
    for number in dice.sample(range(NUM_PUBLISHERS), NUM_KILLED):
        wait_for_a_line(logs[number])
        time.sleep(dice.uniform(0, 0.3))
        os.kill(publishers[number].pid or 0, signal.SIGKILL)
        publishers[number].join()
        assert publishers[number].exitcode == -signal.SIGKILL, "it had ended before it was killed"
        publishers[number] = publisher_of(number)
    for publisher in publishers:
        publisher.join()
        assert publisher.exitcode == 0
    until.set()
    reader.join()
    assert reader.exitcode == 0 and int(looks.read_text()) > 0
    # A killed publisher may have left half a line.
    waits = [float(line) for log in logs for line in log.read_text().split("\n") if line.count(".") == 1]
    assert len(waits) >= NUM_RUNS - NUM_KILLED and max(waits) < LONGEST_WAIT_SECONDS
    with open_warehouse(url, read_only=True) as warehouse:
        for table, num_rows in ROWS_OF_A_RUN.items():
            assert warehouse.rows(f"select count(*) as n from {table}")[0]["n"] == num_rows * NUM_RUNS, table
        published = "select count(distinct r.run_id) as n from run as r where r.status = 'published'"
        assert warehouse.rows(published) == [{"n": NUM_RUNS}]


def wait_for_a_line(log: Path) -> None:
    """Wait until a publisher has published its first run."""
    while not log.exists() or not log.stat().st_size:
        time.sleep(0.01)
