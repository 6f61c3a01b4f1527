"""A warehouse that many machines share: servers that go away, credentials that expire, accounts that may only read."""

import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx
import psutil
import pytest

from store.check import check_warehouse
from store.dataset import register_dataset
from store.errors import Lost, StoreError
from store.feed import RETRY_VARIABLE, feed
from store.main import main
from store.publish import publish_run
from store.sql_pool import SqlLimits, SqlPool, SqlQuery
from store.warehouse import open_warehouse
from tests.made_up import made_up_dataset, run_config, spool_run
from tests.store.postgres import PostgresServer
from tests.store.s3 import READ, WRITE, S3Server
from tests.store.test_at_once import spool_tiny_runs

SPAWN = multiprocessing.get_context("spawn")
DATASET = made_up_dataset(sizes={"train": 30, "test": 20})
NUM_PUBLISHERS, NUM_RUNS = 6, 24
SECRET = "PLANTED-7f3a91"
RUNS = "select count(*) as n, count(distinct r.run_id) as m from run as r where r.status = 'published'"


def publish_all(url: str, paths: list[Path]) -> None:
    for _ in feed(url, paths):
        pass


def num_published(url: str) -> int:
    """As a reader sees it that is not kept waiting by a server that is away."""
    with open_warehouse(url, read_only=True) as warehouse:
        return int(warehouse.rows(RUNS)[0]["n"])


def start_publisher(url: str, paths: list[Path], number: int) -> BaseProcess:
    publisher = SPAWN.Process(
        target=publish_all, args=(url, [path for path in paths[number::NUM_PUBLISHERS] if path.exists()])
    )
    publisher.start()
    return publisher


def tend(url: str, paths: list[Path], publishers: list[BaseProcess]) -> bool:
    """Start again whom DuckDB has aborted, as it may when a server vanishes at a bad moment; returns whether any still runs."""
    for number, publisher in enumerate(publishers):
        if publisher.exitcode == -signal.SIGABRT:
            publishers[number] = start_publisher(url, paths, number)
        assert publisher.exitcode in (None, 0, -signal.SIGABRT), "a publisher has failed"
    time.sleep(0.1)
    return any(publisher.exitcode is None for publisher in publishers)


def test_six_publishers_outlast_a_killed_catalog_and_a_stopped_storage(
    shared_url: str, postgres: PostgresServer, s3: S3Server, tmp_path: Path
) -> None:
    """PostgreSQL is killed and started again, the storage is gone for 20 s; every run is there once."""
    paths = [spool_run(tmp_path / "spool", DATASET, run_config(DATASET, seed=seed)) for seed in range(NUM_RUNS)]
    with open_warehouse(shared_url) as warehouse:
        register_dataset(warehouse, DATASET)
    publishers = [start_publisher(shared_url, paths, number) for number in range(NUM_PUBLISHERS)]
    while num_published(shared_url) < 3:
        tend(shared_url, paths, publishers)
    postgres.stop()
    time.sleep(2)
    postgres.start()
    while num_published(shared_url) < 12:
        tend(shared_url, paths, publishers)
    s3.stop()
    time.sleep(20)
    assert 12 <= num_published(shared_url) < NUM_RUNS, "runs were published without their files"
    s3.start()
    while tend(shared_url, paths, publishers):
        pass
    with open_warehouse(shared_url) as warehouse:
        assert warehouse.rows(RUNS) == [{"n": NUM_RUNS, "m": NUM_RUNS}]
        assert [finding for finding in check_warehouse(warehouse) if finding.level == "error"] == []


def test_a_server_that_stays_away_is_waited_for_no_longer_than_told(
    postgres_url: str, postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RETRY_VARIABLE, "1")
    (path,) = spool_tiny_runs(tmp_path / "spool", 1)
    begun = time.monotonic()
    with pytest.raises(Lost, match=r"The warehouse 'ducklake:postgres:\.\.\.' cannot be opened: "):
        list(feed(postgres_url.replace("host=/", "host=/nowhere/"), [path]))
    assert time.monotonic() - begun < 10
    assert path.exists()
    # What waiting does not mend is said at once.
    monkeypatch.setenv(RETRY_VARIABLE, "60")
    with pytest.raises(StoreError, match="does not exist"):
        list(feed(postgres_url.replace("dbname=", "dbname=no"), [path]))


def test_expired_credentials_are_renewed(
    shared_url: str, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open warehouse goes on when its keys become invalid and new ones lie where they are looked for."""
    shared = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    def put_keys() -> str:
        account = s3.account(WRITE)
        keys = {name.lower(): value for name, value in account.items() if name.endswith(("KEY_ID", "ACCESS_KEY"))}
        shared.write_text("[default]\n" + "".join(f"{name} = {value}\n" for name, value in keys.items()))
        return account["AWS_ACCESS_KEY_ID"]

    old = put_keys()
    with open_warehouse(shared_url) as warehouse:
        register_dataset(warehouse, DATASET)
        put_keys()
        s3.forget(old)
        publish_run(warehouse, spool_run(tmp_path / "spool", DATASET, run_config(DATASET)))
        assert warehouse.rows("select count(*) as n from prediction as p where p.split = 'test'") == [{"n": 40}]


def test_strangers_read_by_accounts_that_cannot_write(
    shared_url: str, postgres: PostgresServer, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role and the policy of the README, in the hands of those who mean ill."""
    with open_warehouse(shared_url) as warehouse:
        register_dataset(warehouse, DATASET)
        path = spool_run(tmp_path / "spool", DATASET, run_config(DATASET))
        publish_run(warehouse, path)
    database = shared_url.rsplit("=", 1)[1]
    for statement in reading_role(database, "pie_reader"):
        postgres.sql(database, statement)
    # A table of the catalog that is made later can be read too.
    with open_warehouse(shared_url) as warehouse:
        publish_run(warehouse, spool_run(tmp_path / "spool", DATASET, run_config(DATASET, seed=1)))
    url = shared_url.replace(f"user={postgres.user}", f"user=pie_reader password={SECRET}")
    pool = SqlPool(url, SqlLimits(workers=1, time_limit_ms=60_000), s3.account(READ))
    try:
        answer = pool.ask(SqlQuery("select count(*) as n, count(distinct run_id) as m from prediction"))
        assert answer.rows.to_pylist() == [{"n": 200, "m": 2}]
        arguments = [process.cmdline() for process in psutil.Process().children()]
        assert not any(SECRET in argument for line in arguments for argument in line)
    finally:
        pool.close()
    with pytest.raises(subprocess.CalledProcessError):
        replace(postgres, user="pie_reader").sql(database, "delete from ducklake_table")
    with (
        open_warehouse(url) as by_role,
        pytest.raises(StoreError, match="permission denied"),
        by_role.transaction("write"),
    ):
        by_role.execute("delete from run")
    for name, value in s3.account(READ).items():
        monkeypatch.setenv(name, value)
    with open_warehouse(shared_url) as by_keys, pytest.raises(StoreError, match="403"):
        publish_run(by_keys, spool_run(tmp_path / "spool", DATASET, run_config(DATASET, seed=2)))
    with open_warehouse(shared_url, read_only=True) as warehouse:
        assert warehouse.rows(RUNS) == [{"n": 2, "m": 2}]


def reading_role(database: str, role: str) -> list[str]:
    """The statements with which the README makes a role that may only read, for a database and a role's name."""
    readme = (Path(__file__).parents[2] / "store" / "README.md").read_text("utf-8")
    block = readme.split("<!-- reading role -->\n```sql\n")[1].split("```")[0]
    text = block.replace("pies", database).replace("pie_reader", role)
    return [statement for statement in text.split(";") if statement.strip()]


def test_a_planted_secret_appears_nowhere(
    shared_url: str,
    postgres: PostgresServer,
    s3: S3Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither in what commands and the service say, well or ill, nor in the catalog, an export or a backup."""
    url = f"{shared_url} password={SECRET}"
    account = s3.account(WRITE)
    planted = [SECRET, account["AWS_ACCESS_KEY_ID"], account["AWS_SECRET_ACCESS_KEY"]]
    for name, value in account.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIE_WAREHOUSE", url)
    monkeypatch.setenv(RETRY_VARIABLE, "0")
    with open_warehouse(url) as warehouse:
        register_dataset(warehouse, DATASET)
    spool = tmp_path / "spool"

    def pie(*arguments: object) -> str:
        """Everything that a command prints."""
        monkeypatch.setattr("sys.argv", ["pie", *map(str, arguments)])
        with pytest.raises(SystemExit):
            main()
        said = capsys.readouterr()
        return said.out + said.err

    spool_run(spool, DATASET, run_config(DATASET))
    said = [pie("publish", spool), pie("export", tmp_path / "study.duckdb"), pie("check")]
    said += [
        pie("backup", tmp_path / "backup"),
        pie("sql", "select * from nothing"),
        pie("report", tmp_path / "report.html"),
    ]
    spool_run(spool, DATASET, run_config(DATASET, seed=1))
    with serving(tmp_path) as client:
        said += ask(client)
        s3.stop()
        said += [pie("publish", spool), pie("sql", "select count(class_id) from prediction"), *ask(client)]
        s3.start()
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        said += [pie("publish", spool)]
        postgres.stop()
        said += [pie("publish", spool), pie("sql", "select 1"), pie("pies"), *ask(client)]
        postgres.start()
    assert sum("cannot be" in text for text in said) >= 6, said
    said += [(tmp_path / "service.log").read_text()]
    assert str(postgres.directory) not in "".join(said) and s3.endpoint.removeprefix("http://") not in "".join(said)
    dump = ["pg_dump", "-h", str(postgres.directory), "-U", postgres.user, url.split("dbname=")[1].split(maxsplit=1)[0]]
    said += [subprocess.run(dump, check=True, capture_output=True, text=True).stdout]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    said += [path.read_bytes().decode("latin-1") for path in files]
    for secret in planted:
        assert not [text[:500] for text in said if secret in text]


@contextmanager
def serving(directory: Path) -> Iterator[httpx.Client]:
    """The service as a process of its own, with a client; what it logs and prints ends in `service.log`."""
    command = [sys.executable, "-m", "store", "serve", "--port", "0", "--sql-time-limit-ms", "20000"]
    with (directory / "service.log").open("wb") as log:
        service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert service.stdout is not None
        try:
            # Where it is served, which is its first line.
            first = service.stdout.readline()
            with httpx.Client(base_url=first.split(" on ")[1].split()[0], timeout=60) as client:
                yield client
        finally:
            service.terminate()
            rest, _ = service.communicate()
    (directory / "service.out").write_text(first + rest)


def ask(client: httpx.Client) -> list[str]:
    """What the service answers to a question, to SQL, and whether it is ready; where it is broken, a sentence."""
    answers = [
        client.get("/v1/pie-rate"),
        client.get("/readyz"),
        client.get("/v1/sql", params={"sql": "from prediction"}),
    ]
    return [answer.text for answer in answers]
