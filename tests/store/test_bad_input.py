"""What the machine does to a warehouse: each a sentence, nothing published in part, the spool kept."""

import json
import multiprocessing
import os
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import store.lock
from store.check import check_catalog
from store.dataset import register_dataset
from store.errors import NotFound, Refused, Unavailable
from store.location import locate
from store.publish import publish_run
from store.spool import read_files, read_manifest, sha256_of
from store.warehouse import Warehouse, open_warehouse
from tests.made_up import made_up_dataset, run_config, spool_run

SPAWN = multiprocessing.get_context("spawn")
DATASET = made_up_dataset(sizes={"train": 40, "test": 20})


@pytest.fixture
def spooled(warehouse: Warehouse, tmp_path: Path) -> Path:
    """A run that is fit to be published."""
    register_dataset(warehouse, DATASET)
    return spool_run(tmp_path / "spool", DATASET, run_config(DATASET))


@pytest.fixture
def unchanged(warehouse: Warehouse, spooled: Path) -> Iterator[None]:
    """Whatever happens in the test, the warehouse is as before and takes the run afterwards."""
    snapshot = warehouse.snapshot()
    yield
    with open_warehouse(warehouse.location.url) as opened:
        assert opened.snapshot() == snapshot
        assert publish_run(opened, spooled) is True


@pytest.mark.usefixtures("unchanged")
def test_a_data_directory_that_cannot_be_written(warehouse: Warehouse, spooled: Path) -> None:
    """A file where the data directory should be: even root cannot write below it."""
    directory = warehouse.location.directory
    assert directory is not None
    place = directory / "data" / "main" / "prediction"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()
    with pytest.raises(
        Unavailable, match=r"cannot be written, and nothing was: .*Check the rights, the space of its disk"
    ):
        publish_run(warehouse, spooled)
    place.unlink()


@contextmanager
def only_read(directory: Path) -> Iterator[None]:
    """A directory that may only be read while the context lasts: to root, a mount of its own."""
    if os.geteuid() != 0:
        directory.chmod(0o500)
        try:
            yield
        finally:
            directory.chmod(0o700)
        return
    mounted = subprocess.run(["mount", "--bind", directory, directory], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"this machine lets root not mount: {mounted.stderr.decode()}")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", directory], check=True)
        yield
    finally:
        subprocess.run(["umount", directory], check=True)


def test_a_directory_that_may_only_be_read_is_read(
    tmp_path: Path, spooled: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    publish_run(warehouse, spooled)
    url, snapshot = warehouse.location.url, warehouse.snapshot()
    warehouse.close()
    with only_read(Path(url)):
        for as_of in (None, snapshot):
            with open_warehouse(url, read_only=True, as_of=as_of) as opened:
                assert opened.snapshot() == snapshot and opened.rows("select r.status from run as r")
        with pytest.raises(NotFound, match=f"No snapshot {snapshot + 1} in the warehouse"):
            open_warehouse(url, as_of=snapshot + 1)
        with pytest.raises(Unavailable, match="cannot be written, as its directory may only be read"):
            open_warehouse(url)
        with pytest.raises(Unavailable, match="it is checked when it is free and may be written"):
            list(check_catalog(url))
    copies = [file.suffix for file in tmp_path.glob("pie-catalogs-*/*")]
    assert copies.count(".sqlite") == 1, "one copy, however often it is opened"
    with open_warehouse(url) as opened:
        assert publish_run(opened, spooled) is False


def fill_and_publish(url: Path, path: Path, said: Any) -> None:
    """A publisher whose disk is full: no file of its may grow beyond what the catalog's index takes."""
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open_warehouse(url) as warehouse:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        try:
            publish_run(warehouse, path)
        except Unavailable as error:
            said.put(str(error))


@pytest.mark.usefixtures("unchanged")
def test_a_full_disk(warehouse: Warehouse, spooled: Path) -> None:
    said: Any = SPAWN.Queue()
    publisher = SPAWN.Process(target=fill_and_publish, args=(warehouse.location.directory, spooled, said))
    publisher.start()
    publisher.join()
    assert publisher.exitcode == 0
    assert "cannot be written, and nothing was" in said.get(timeout=10)


def hold_catalog(catalog: Path, ready: Any, done: Any) -> None:
    """Another program that keeps the catalog locked."""
    with closing(sqlite3.connect(catalog, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        ready.set()
        done.wait()


@pytest.mark.usefixtures("unchanged")
def test_a_catalog_that_is_locked_for_good(warehouse: Warehouse, spooled: Path) -> None:
    ready, done = SPAWN.Event(), SPAWN.Event()
    assert warehouse.location.directory is not None
    holder = SPAWN.Process(target=hold_catalog, args=(warehouse.location.directory / "catalog.sqlite", ready, done))
    holder.start()
    ready.wait()
    start = time.monotonic()
    with pytest.raises(Unavailable, match=r"cannot be written, and nothing was: .*locked"):
        publish_run(warehouse, spooled)
    assert time.monotonic() - start < 60
    assert warehouse.rows("select count(*) as n from run") == [{"n": 0}]
    done.set()
    holder.join()


def hold_lock(url: str, ready: Any, done: Any) -> None:
    with open_warehouse(url) as warehouse, warehouse.standstill():
        ready.set()
        done.wait()


def test_a_writer_that_does_not_end(any_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready, done = SPAWN.Event(), SPAWN.Event()
    holder = SPAWN.Process(target=hold_lock, args=(any_url, ready, done))
    holder.start()
    ready.wait()
    monkeypatch.setattr(store.lock, "LOCK_TIMEOUT_SECONDS", 1)
    with open_warehouse(any_url) as warehouse:
        with pytest.raises(
            Unavailable, match=r"Another process has held the warehouse's lock .* for 1 s; wait for it or end it"
        ):
            register_dataset(warehouse, DATASET)
        assert warehouse.rows("select * from dataset") == []
        done.set()
        holder.join()
        assert register_dataset(warehouse, DATASET) is True


def test_a_file_that_is_not_parquet(spooled: Path) -> None:
    (spooled / "el2n.0.parquet").write_bytes(b"PAR1 no more than this")
    manifest = json.loads((spooled / "manifest.json").read_text())
    for file in manifest["files"]:
        if file["name"] == "el2n.0.parquet":
            file["sha256"] = sha256_of(spooled / "el2n.0.parquet")
    (spooled / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Refused, match=r"file 'el2n\.0\.parquet' is not a Parquet file"):
        read_files(spooled, read_manifest(spooled))


def test_a_catalog_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIE_DATA_PATH", str(tmp_path))
    url = f"ducklake:postgres:host={tmp_path} dbname=pie password=secret"
    for create in (False, True):
        with pytest.raises(Unavailable, match=r"cannot be (opened|written): .*Unable to connect") as caught:
            open_warehouse(url, create=create)
        assert "secret" not in str(caught.value)


def test_a_database_without_a_warehouse(postgres_url: str) -> None:
    with pytest.raises(NotFound, match=r"No warehouse at 'ducklake:postgres:\.\.\.'; make one with"):
        open_warehouse(postgres_url)
    open_warehouse(postgres_url, create=True).close()
    open_warehouse(postgres_url).close()


def test_locations_of_files_are_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIE_DATA_PATH", "files")
    assert locate("ducklake:postgres:dbname=pie").data_path == f"{tmp_path}/files/"
