"""Fixtures of the store's tests: a PostgreSQL server, and a warehouse on each kind of catalog."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.location import DATA_PATH_VARIABLE
from store.warehouse import open_warehouse
from tests.store.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of the tests' own."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a warehouse yet to be made, with its catalog in a database of its own."""
    monkeypatch.setenv(DATA_PATH_VARIABLE, str(tmp_path / "postgres-data"))
    return f"ducklake:postgres:{postgres.new_database()}"


@pytest.fixture(params=["sqlite", "postgres"])
def any_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh warehouse, on each kind of catalog in turn."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("warehouse_path"))
    url = str(request.getfixturevalue("postgres_url"))
    open_warehouse(url, create=True).close()
    return url
