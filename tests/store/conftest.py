"""Fixtures of the store's tests: a PostgreSQL server, and a warehouse on each kind of catalog."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.location import DATA_PATH_VARIABLE
from store.warehouse import open_warehouse
from tests.store.postgres import PostgresServer, postgres_server
from tests.store.s3 import BUCKET, WRITE, S3Server, s3_server


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


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3 server of the tests' own."""
    with s3_server() as server:
        yield server


@pytest.fixture(scope="session")
def shared_template(postgres: PostgresServer, s3: S3Server) -> str:
    """A database with the catalog of a warehouse without rows, made once: a copy of it is much quicker than migrating."""
    database = postgres.new_database()
    with pytest.MonkeyPatch.context() as patch:
        use_storage(s3, patch)
        open_warehouse(f"ducklake:postgres:{database}", create=True).close()
    return database.rsplit("=", 1)[1]


@pytest.fixture
def shared_url(postgres: PostgresServer, shared_template: str, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a fresh warehouse with its catalog in PostgreSQL and its files in object storage."""
    use_storage(s3, monkeypatch)
    return f"ducklake:postgres:{postgres.new_database(shared_template)}"


def use_storage(s3: S3Server, patch: pytest.MonkeyPatch) -> None:
    """All warehouses share a place: some files of the template belong to every copy of its catalog."""
    for name, value in s3.account(WRITE).items():
        patch.setenv(name, value)
    patch.setenv(DATA_PATH_VARIABLE, f"s3://{BUCKET}/warehouse")


@pytest.fixture(params=["sqlite", "postgres"])
def any_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh warehouse, on each kind of catalog in turn."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("warehouse_path"))
    url = str(request.getfixturevalue("postgres_url"))
    open_warehouse(url, create=True).close()
    return url
