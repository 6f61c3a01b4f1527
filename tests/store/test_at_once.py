"""Once, whoever comes at the same time: many processes make a warehouse, and register the same runs."""

import multiprocessing
import os
import subprocess
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.dataset import register_dataset
from store.run import register_study
from store.spool import SCHEMAS, RunSummary, RunWriter
from store.warehouse import open_warehouse
from tests.made_up import made_up_dataset, run_config

SPAWN = multiprocessing.get_context("spawn")
DATASET = made_up_dataset(sizes={"test": 10})


def spool_tiny_runs(spool: Path, num_runs: int) -> list[Path]:
    """Runs of one evaluation, as small as a run can be."""
    logits_NC = [[float(row % 3 == column) for column in range(3)] for row in range(10)]
    paths = []
    for seed in range(num_runs):
        writer = RunWriter(spool, run_config(DATASET, seed=seed), study="fire", task="single_label")
        writer.record_outputs("test", 0, logits_NC)  # type: ignore[arg-type]
        paths.append(writer.finish(RunSummary(last_epoch=0)))
    return paths


def start(target: Any, *arguments: Any) -> BaseProcess:
    process = SPAWN.Process(target=target, args=arguments)
    process.start()
    return process


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


SPILLS = """
from store.engine import connect
connection = connect()
connection.execute("set memory_limit = '100MB'")
connection.execute("create temp table t as select r.range as n, md5(r.range::varchar) as m from range(5000000) as r")
print(connection.execute("select sum(t.n), sum(hash(t.m)), (select count(*) from duckdb_temporary_files()) > 0 from t").fetchall())
connection.close()
"""


def test_two_that_spill_where_they_were_started_do_not_meet(tmp_path: Path) -> None:
    """In one directory of temporary files, those of both would have the same names."""
    spills, started = tmp_path / "spills", tmp_path / "started"
    for directory in (spills, started):
        directory.mkdir()
    both = [
        subprocess.Popen(
            [sys.executable, "-c", SPILLS],
            cwd=started,
            env=os.environ | {"TMPDIR": str(spills)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1] and said[0].endswith("True)]\n")
    assert not [*spills.iterdir(), *started.iterdir()]
