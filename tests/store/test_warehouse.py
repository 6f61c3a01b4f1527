"""The warehouse: made whole, opened by name, read at one snapshot, refused when it is something else."""

import multiprocessing
import os
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import duckdb
import pytest

from store.engine import connect, extension_file
from store.errors import NotFound, Refused
from store.location import locate
from store.migrate import migrations, schema_version
from store.warehouse import Warehouse, migrate_warehouse, open_warehouse


def test_it_is_made_with_every_migration_and_wal(warehouse: Warehouse) -> None:
    assert schema_version(warehouse) == migrations()[-1].version
    assert [migration.version for migration in migrations()] == list(range(1, len(migrations()) + 1))
    with sqlite3.connect(Path(warehouse.location.url) / "catalog.sqlite") as catalog:
        assert catalog.execute("pragma journal_mode").fetchone() == ("wal",)
    catalog.close()


def test_a_failed_transaction_leaves_nothing(warehouse: Warehouse) -> None:
    snapshot = warehouse.snapshot()
    with pytest.raises(ZeroDivisionError), warehouse.transaction("fails"):
        warehouse.execute("insert into dataset values ('x', 'single_label', 2, 'digest')")
        raise ZeroDivisionError
    assert warehouse.snapshot() == snapshot
    assert warehouse.rows("select * from dataset") == []


def test_snapshots_stay_as_they_were(warehouse: Warehouse) -> None:
    before = warehouse.snapshot()
    with warehouse.transaction("add a dataset"):
        warehouse.execute("insert into dataset values ('x', 'single_label', 2, 'digest')")
    with open_warehouse(warehouse.location.url, as_of=before) as old:
        assert old.snapshot() == before and old.rows("select * from dataset") == []
    with open_warehouse(warehouse.location.url, read_only=True) as new:
        assert len(new.rows("select * from dataset")) == 1
    with pytest.raises(NotFound, match="No snapshot 999 in the warehouse"):
        open_warehouse(warehouse.location.url, as_of=999)


def test_reading_holds_one_snapshot_while_others_write(warehouse: Warehouse) -> None:
    reader = warehouse.cursor()
    with reader.reading() as snapshot:
        with warehouse.transaction("add a dataset"):
            warehouse.execute("insert into dataset values ('x', 'single_label', 2, 'digest')")
        assert reader.rows("select * from dataset") == [] and reader.snapshot() == snapshot
    assert len(reader.rows("select * from dataset")) == 1


def test_a_warehouse_opened_for_reading_is_not_written(warehouse: Warehouse) -> None:
    with (
        open_warehouse(warehouse.location.url, read_only=True) as opened,
        pytest.raises(Refused, match="was opened for reading"),
        opened.transaction("write"),
    ):
        pass


def test_a_moved_warehouse_opens_and_plain_duckdb_reads_it(warehouse: Warehouse, tmp_path: Path) -> None:
    with warehouse.transaction("enough rows for a file"):
        warehouse.execute(
            "insert into prediction select 'abc', 'test', 0, t.i, 0 from range(1000) as t(i)",
        )
    warehouse.close()
    moved = Path(shutil.move(tmp_path / "warehouse", tmp_path / "moved"))
    with open_warehouse(moved) as opened:
        assert opened.rows("select count(*) as n from prediction") == [{"n": 1000}]


@pytest.mark.parametrize("kind", ["missing", "file", "stranger", "broken", "ducklake"])
def test_what_is_not_a_warehouse_is_said_so(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "place"
    if kind == "missing":
        with pytest.raises(NotFound, match=r"No warehouse at '.*place'; make one with"):
            open_warehouse(path)
        assert not path.exists()
    elif kind == "file":
        path.write_text("something")
        with pytest.raises(Refused, match="is a file, not a warehouse's directory"):
            open_warehouse(path, create=True)
    elif kind == "stranger":
        path.mkdir()
        (path / "thesis.tex").touch()
        with pytest.raises(Refused, match=r"is not a warehouse: it holds 'thesis\.tex' but no catalog"):
            open_warehouse(path, create=True)
        assert [file.name for file in path.iterdir()] == ["thesis.tex"]
    elif kind == "broken":
        path.mkdir()
        (path / "catalog.sqlite").write_text("not a database at all")
        with pytest.raises(Refused, match="is not a warehouse that can be opened"):
            open_warehouse(path)
    else:
        path.mkdir()
        sqlite3.connect(path / "catalog.sqlite").close()
        with pytest.raises(Refused, match="is not a warehouse"):
            open_warehouse(path, read_only=True)


def test_older_and_newer_schemas(warehouse: Warehouse) -> None:
    url = warehouse.location.url
    with warehouse.transaction("a later version was here"):
        warehouse.execute("insert into migration values (9999, '9999_later', now()::timestamp)")
    with pytest.raises(Refused, match=r"has schema 9999, newer than this version's \d+; upgrade pie-store"):
        open_warehouse(url)
    with warehouse.transaction("an older version was here"):
        warehouse.execute("delete from migration where version > 0")
        warehouse.execute("insert into migration values (0, '0000_older', now()::timestamp)")
    with pytest.raises(Refused, match="is a DuckLake, but not a warehouse of this project"):
        open_warehouse(url)


def test_migrating_a_current_warehouse_does_nothing(warehouse: Warehouse) -> None:
    snapshot = warehouse.snapshot()
    assert migrate_warehouse(warehouse.location.url) == []
    assert warehouse.snapshot() == snapshot


def make(url: Path) -> None:
    open_warehouse(url, create=True).close()


def test_a_creation_killed_at_any_moment_is_finished_by_the_next(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    for number in range(4):
        path = tmp_path / str(number)
        maker = spawn.Process(target=make, args=(path,))
        maker.start()
        while not path.exists():
            time.sleep(0.005)
        time.sleep(0.15 * number)
        os.kill(maker.pid or 0, signal.SIGKILL)
        maker.join()
        with open_warehouse(path, create=True) as opened:
            assert opened.rows("select * from run") == []


def test_locations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIE_WAREHOUSE", raising=False)
    assert locate(None).url == "./warehouse"
    monkeypatch.setenv("PIE_WAREHOUSE", "elsewhere")
    assert locate(None).url == "elsewhere" and locate("here").url == "here"
    with pytest.raises(Refused, match="not a 'https:' URL"):
        locate("https://example.org/warehouse")
    monkeypatch.delenv("PIE_DATA_PATH", raising=False)
    with pytest.raises(Refused, match="set PIE_DATA_PATH"):
        locate("ducklake:postgres:dbname=pie password=secret")
    monkeypatch.setenv("PIE_DATA_PATH", "s3://bucket/prefix")
    location = locate("ducklake:postgres:dbname=pie password=secret")
    assert "secret" not in str(location) and location.extensions == ("ducklake", "postgres_scanner", "httpfs", "aws")


def test_no_connection_takes_an_extension_that_nobody_signed(tmp_path: Path) -> None:
    """The first one checks those it loads, the next ones no more: none may load another."""
    forged = tmp_path / "sqlite_scanner.duckdb_extension"
    content = bytearray(extension_file("sqlite_scanner").read_bytes())
    content[len(content) // 2] ^= 1
    forged.write_bytes(content)
    for _ in range(2):
        with connect("ducklake") as connection, pytest.raises(duckdb.IOException, match="signature"):
            connection.load_extension(str(forged))


def test_the_engines_threads_may_be_bounded(warehouse_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIE_THREADS", "3")
    with open_warehouse(warehouse_path) as opened:
        threads = "select current_setting('threads') as threads"
        assert opened.rows(threads) == [{"threads": 3}]
        with opened.transaction("a simple one", simple=True):
            assert opened.rows(threads) == [{"threads": 1}]
        assert opened.rows(threads) == [{"threads": 3}]
    for given in ("0", "many", "-1", "2.5", "1025"):
        monkeypatch.setenv("PIE_THREADS", given)
        with pytest.raises(Refused, match=f"PIE_THREADS is '{given}', not a number of threads; write 1, for example"):
            open_warehouse(warehouse_path)
