"""Warehouses of older versions: moved forward without loss, whatever is killed on the way."""

import hashlib
import multiprocessing
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import store.migrate
from store.answers import store_due_answers
from store.migrate import Migration, migrations, schema_version
from store.warehouse import Warehouse, migrate_warehouse, open_warehouse
from tests.store.released import DIGESTS, VERSION, make_released_warehouse
from tests.store.test_answers import answers, assert_same, computed_answers

SPAWN = multiprocessing.get_context("spawn")
TABLES = ("dataset", "example", "run", "evaluation", "prediction", "logit", "stored_comparison", "stored_majority")


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a warehouse of the first release."""
    make_released_warehouse(tmp_path / "old", monkeypatch)
    return tmp_path / "old"


def test_released_migrations_do_not_change() -> None:
    released = {each.name: each.sql for each in migrations() if each.version <= VERSION}
    assert {name: hashlib.sha256(sql.encode()).hexdigest() for name, sql in released.items()} == DIGESTS


def test_migrations_alter_no_table(warehouse_path: Path) -> None:
    """An altered table has its inlined rows in two tables, of which a flush drops one under its readers: DuckLake's issue 1413."""
    with closing(sqlite3.connect(warehouse_path / "catalog.sqlite")) as catalog:
        rows = catalog.execute("select table_id from ducklake_inlined_data_tables").fetchall()
    assert len(rows) == len(set(rows))


def test_the_first_release_is_moved_forward_without_loss(old: Path) -> None:
    before = contents(old)
    assert migrate_warehouse(old) == [each.name for each in migrations() if each.version > VERSION]
    assert contents(old) == before
    with open_warehouse(old) as warehouse:
        assert_answers_by_eye(warehouse)
        assert_same(answers(warehouse), computed_answers(warehouse))
        assert store_due_answers(warehouse) == 0, "one variant is stored, the other waits for two runs"
    assert migrate_warehouse(old) == []


def assert_answers_by_eye(warehouse: Warehouse) -> None:
    rates = warehouse.rows("select pruner, num_seeds, num_examples, num_pies from pie_rate order by pruner")
    assert [tuple(row.values()) for row in rates] == [("IMP-FT", 3, 4, 1), ("RP-AI", 1, 4, 2)]
    pies = warehouse.rows("select pruner, example_id, unpruned_class_ids, pruned_class_ids from pie order by all")
    assert [tuple(row.values()) for row in pies] == [
        ("IMP-FT", 3, [0], [1]),
        ("RP-AI", 2, [0], [1]),
        ("RP-AI", 3, [0], [1]),
    ]
    on_pies = warehouse.rows(
        "select unpruned_on_pies, pruned_on_pies, pruned_on_all from effectiveness_on_pies order by pruner"
    )
    assert [tuple(row.values()) for row in on_pies] == [(1.0, 0.0, 0.75), (1.0, 0.0, 0.5)]


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the tables that the first release had, read past the check of the version."""
    from store.attach import attach
    from store.location import locate

    with Warehouse(locate(path), attach(locate(path), read_only=True), read_only=True) as warehouse:
        return {table: sorted(map(repr, warehouse.rows(f"select * from {table}"))) for table in TABLES}  # type: ignore[misc]


def migrate_and_be_killed(path: Path, number: int) -> None:
    """Apply a migration whose last statement was run, and be killed before it is committed."""
    apply = store.migrate._apply

    def killed(warehouse: Warehouse, migration: Migration) -> None:
        apply(warehouse, migration)
        if migration.version == number:
            os.kill(os.getpid(), signal.SIGKILL)

    store.migrate._apply = killed
    _with_a_further_migration()
    migrate_warehouse(path)


FURTHER = Migration(
    10_000,
    "10000_further",
    "alter table run add column host varchar; create table note (text varchar); insert into note values ('moved')",
)


def _with_a_further_migration() -> None:
    there = [*migrations(), FURTHER]
    store.migrate.migrations = lambda: there  # type: ignore[assignment]


@pytest.mark.parametrize("catalog", ["sqlite", "postgres"])
def test_a_killed_migration_leaves_the_old_version_whole(
    catalog: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = request.getfixturevalue("old" if catalog == "sqlite" else "postgres_url")
    if catalog == "postgres":
        make_released_warehouse(url, monkeypatch)
    migrate_warehouse(url)
    before = contents(url)
    process = SPAWN.Process(target=migrate_and_be_killed, args=(url, FURTHER.version))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert contents(url) == before
    with open_warehouse(url) as warehouse:
        assert_answers_by_eye(warehouse)
    monkeypatch.setattr("store.migrate.migrations", lambda: [*migrations(), FURTHER])
    assert migrate_warehouse(url) == [FURTHER.name]
    with open_warehouse(url) as warehouse:
        assert schema_version(warehouse) == FURTHER.version
        assert warehouse.rows("select * from note") == [{"text": "moved"}]
        assert warehouse.rows("select distinct host from run") == [{"host": None}]
        assert_answers_by_eye(warehouse)
