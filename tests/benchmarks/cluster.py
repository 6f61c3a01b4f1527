"""What Ray costs beside its bare tasks, how many runs a second a warehouse on PostgreSQL takes, and what a run leaves there.

The machine's wall clock; what else runs on it shows in the share of the processor that the publishers got.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import ray
from ray.cluster_utils import Cluster as RayCluster

from store.compact import compact
from store.feed import feed
from store.identity import RunConfig
from store.location import DATA_PATH_VARIABLE
from store.run import register_study
from store.spool import RunSummary, RunWriter
from store.warehouse import Warehouse, open_warehouse
from tests.benchmarks.figure import Figure
from tests.store.postgres import PostgresServer, postgres_server
from tests.trainer.test_runner import Heard
from tests.trainer.tiny import tiny_study
from trainer.cluster import Cluster
from trainer.events import DenseReady, Event, Spooled, Started
from trainer.ledger import Entry
from trainer.place import Place
from trainer.plan import plan_study
from trainer.ray_crew import RayCrew
from trainer.session import Session
from trainer.worker import Job

NUM_TASKS = 1_000
NUM_PUBLISHERS, NUM_RUNS, NUM_PREDICTIONS = 6, 240, 10_000
SPAWN = multiprocessing.get_context("spawn")


def measure() -> Iterator[Figure]:
    """Milliseconds of a run of no work; runs published a second, by one and by six; bytes, files and rows of a run."""
    with tempfile.TemporaryDirectory() as directory:
        yield from _ray(Path(directory))
        with postgres_server() as postgres:
            yield from _publishers(postgres, Path(directory))


def no_work(job: Job, config: RunConfig) -> Iterator[Event]:
    """What a run tells when nothing is to be trained."""
    yield Started(config.run_id, "here")
    yield DenseReady(config.run_id)
    yield Spooled(config.run_id, 0.0, {})


class NoLedger:
    """Takes in runs that are not there."""

    def enter(self, spooled: Sequence[Spooled]) -> list[Entry]:
        return [Entry(event.run_id, "") for event in spooled]

    def enter_failure(self, run_id: str, why: str) -> None:
        raise AssertionError(why)


def _ray(directory: Path) -> Iterator[Figure]:
    cluster = RayCluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    try:
        bare = _bare_tasks(cluster)
        study = tiny_study(pruners=(), sparsities=(), seeds=tuple(range(NUM_TASKS)))
        place = Place(directory / "spool", directory / "work")
        crew = RayCrew(Job(study, directory, place), Cluster(cluster.address, memory_gib=0.1), None, no_work)
        session = Session(plan_study(study, study.planned_configs(), {}), NoLedger(), place, Heard())
        started, driver, nodes = time.perf_counter(), time.process_time(), _seconds_of(_NODE)
        outcome = session.train(crew)
        engine = 1000 * (time.perf_counter() - started) / NUM_TASKS
        driver, nodes = (1000 * used / NUM_TASKS for used in (time.process_time() - driver, _seconds_of(_NODE) - nodes))
        assert outcome.num_published == NUM_TASKS
    finally:
        cluster.shutdown()
    print(f"  a bare task {bare:.1f} ms, a run of no work {engine:.1f} ms: {engine / bare:.1f} times as long")
    print(f"  of a core: the driver {driver:.1f} ms a run, Ray's own processes {nodes:.1f} ms")
    yield Figure("engine_ms_a_run", engine, "<= 20")


def _bare_tasks(cluster: RayCluster) -> float:
    ray.init(cluster.address, log_to_driver=False)
    try:
        task: Any = ray.remote(lambda number: number)
        started = time.perf_counter()
        ray.get([task.remote(number) for number in range(NUM_TASKS)])
        return 1000 * (time.perf_counter() - started) / NUM_TASKS
    finally:
        ray.shutdown()


def _publishers(postgres: PostgresServer, directory: Path) -> Iterator[Figure]:
    os.environ[DATA_PATH_VARIABLE] = str(directory / "files")
    url = f"ducklake:postgres:{postgres.new_database()}"
    database = url.rsplit("=", 1)[1]
    paths = _spooled(url, directory / "spool")
    alone = _publish(postgres, url, [paths[: NUM_RUNS // NUM_PUBLISHERS]])
    before = _catalog_bytes(postgres, database)
    rest = paths[NUM_RUNS // NUM_PUBLISHERS :]
    together = _publish(postgres, url, [rest[number::NUM_PUBLISHERS] for number in range(NUM_PUBLISHERS)])
    grown = (_catalog_bytes(postgres, database) - before) / len(rest)
    print(f"  one publisher alone: {alone.told()}; six: {together.told()}")
    print(f"  so the limit is {together.limit()}")
    _tell_what_is_left(url, grown)
    yield Figure("runs_a_second_of_six", together.rate, ">= 15")


class Rate:
    """Runs a second, and whose processor time went into them."""

    def __init__(self, num_runs: int, seconds: float, publishers: float, server: float) -> None:
        self.rate, self._seconds = num_runs / seconds, seconds
        self.publishers, self.server = publishers / seconds, server / seconds

    def told(self) -> str:
        of_a_core = [1000 * cores / self.rate for cores in (self.publishers, self.server)]
        return (
            f"{self.rate:.1f} runs/s, publishers on {self.publishers:.2f} cores, PostgreSQL on {self.server:.2f}: "
            f"{of_a_core[0]:.0f} and {of_a_core[1]:.0f} ms of a core a run"
        )

    def limit(self) -> str:
        """Named by what is used up: the processor where all cores are busy, else the turns that writers take."""
        busy = self.publishers + self.server
        return (
            f"the processor ({busy:.1f} of {os.cpu_count()} cores used for it)"
            if busy > 0.8 * (os.cpu_count() or 1)
            else f"that writers take turns ({busy:.1f} of {os.cpu_count()} cores used for it, the rest idle or others')"
        )


def publish_all(url: str, paths: list[Path], ready: Any, begin: Any, seconds: Any) -> None:
    """A publisher: waits until all are ready, and tells its processor time."""
    open_warehouse(url).close()
    ready.release()
    begin.wait()
    before = time.process_time()
    for _ in feed(url, paths):
        pass
    seconds.put(time.process_time() - before)


def _publish(postgres: PostgresServer, url: str, shares: list[list[Path]]) -> Rate:
    ready, begin, seconds = SPAWN.Semaphore(0), SPAWN.Event(), SPAWN.Queue()
    publishers: list[BaseProcess] = [
        SPAWN.Process(target=publish_all, args=(url, paths, ready, begin, seconds)) for paths in shares
    ]
    for publisher in publishers:
        publisher.start()
    for _ in publishers:
        ready.acquire()
    server, started = _server_seconds(postgres), time.perf_counter()
    begin.set()
    used = sum(seconds.get() for _ in publishers)
    elapsed, server_used = time.perf_counter() - started, _server_seconds(postgres) - server
    for publisher in publishers:
        publisher.join()
    return Rate(sum(map(len, shares)), elapsed, used, server_used)


_NODE = ("raylet", "gcs_server", "ray::")


def _seconds_of(names: tuple[str, ...]) -> float:
    """Processor time of the processes whose names begin so, the ended ones among them."""
    total = 0.0
    for process in psutil.process_iter(["name"]):
        if process.info["name"].startswith(names):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _server_seconds(postgres: PostgresServer) -> float:
    """Processor time of a server and of its processes, the ended ones among them."""
    server = psutil.Process(int((postgres.directory / "data" / "postmaster.pid").read_text().split()[0]))
    times = [process.cpu_times() for process in (server, *server.children())]
    return sum(used.user + used.system for used in times) + times[0].children_user + times[0].children_system


def _spooled(url: str, spool: Path) -> list[Path]:
    """Runs of 10,000 predictions of one recipe: seeds of an unpruned variant and of eleven pruned ones."""
    logits_NC = np.eye(3, dtype=np.float32)[np.arange(NUM_PREDICTIONS) % 3]
    variants = [("none", 0.0), *[("MP-AI", sparsity / 100) for sparsity in range(1, 12)]]
    configs = [
        RunConfig("made-up", "0" * 64, "bert", *variant, seed)
        for seed in range(NUM_RUNS // len(variants) + 1)
        for variant in variants
    ]
    with open_warehouse(url, create=True) as warehouse:
        _add_dataset(warehouse)
        register_study(warehouse, "made-up", configs, "{}")
    paths = []
    for config in configs[:NUM_RUNS]:
        writer = RunWriter(spool, config, study="made-up", task="single_label")
        writer.record_outputs("test", 0, np.roll(logits_NC, config.seed, axis=0), keep_logits=False)
        paths.append(writer.finish(RunSummary(last_epoch=0)))
    return paths


def _add_dataset(warehouse: Warehouse) -> None:
    with warehouse.transaction("add a dataset"):
        warehouse.execute(
            "insert into dataset (dataset, task, num_classes, digest) values ('made-up', 'single_label', 3, repeat('0', 64))"
        )
        warehouse.execute(
            "insert into class (dataset, class_id, name) select 'made-up', k, 'class ' || k from range(3) as r(k)"
        )
        warehouse.execute(
            "insert into example select 'made-up', 'test', k, 'Text ' || k, [k % 3], 2 from range($n) as r(k)",
            {"n": NUM_PREDICTIONS},
        )


def _tell_what_is_left(url: str, catalog_bytes: float) -> None:
    """What a run leaves in catalog and storage, and what compaction makes of it; for `store/README.md`."""
    with open_warehouse(url) as warehouse:
        files, num_bytes = _data(warehouse)
        print(
            f"  a run leaves {catalog_bytes:,.0f} bytes in the catalog and {files / NUM_RUNS:.2f} files of {num_bytes / NUM_RUNS:,.0f} bytes"
        )
        before = _lookup_ms(warehouse)
        started = time.perf_counter()
        for _ in compact(warehouse):
            pass
        seconds = time.perf_counter() - started
        files_after, bytes_after = _data(warehouse)
        print(
            f"  compacting {files:,} files to {files_after:,} takes {seconds:.1f} s; {bytes_after / NUM_RUNS:,.0f} bytes a run; "
            f"a run's predictions are read in {before:.0f} ms before, {_lookup_ms(warehouse):.0f} ms after"
        )


def _data(warehouse: Warehouse) -> tuple[int, int]:
    (row,) = warehouse.rows(
        "select sum(t.file_count)::bigint as files, sum(t.file_size_bytes)::bigint as bytes from ducklake_table_info('warehouse') as t"
    )
    return int(row["files"]), int(row["bytes"])


def _lookup_ms(warehouse: Warehouse) -> float:
    run_id = warehouse.rows("select min(r.run_id) as run_id from run as r where r.status = 'published'")[0]["run_id"]
    times = []
    for _ in range(5):
        started = time.perf_counter()
        warehouse.query(
            "select p.class_id, count(*) from prediction as p where p.run_id = $run_id group by 1", {"run_id": run_id}
        )
        times.append(time.perf_counter() - started)
    return 1000 * min(times)


def _catalog_bytes(postgres: PostgresServer, database: str) -> int:
    return int(postgres.sql(database, "select pg_database_size(current_database())"))
