"""The warehouse: a DuckLake that is opened, read at one snapshot, and written in short transactions."""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa
from filelock import FileLock, Timeout

from store.engine import connect
from store.errors import NotFound, Refused, Unavailable
from store.location import CATALOG, Location, locate
from store.migrate import migrate, require_current

LOCK_TIMEOUT_SECONDS = 60


class Warehouse:
    """An open warehouse. SQL names its tables plainly; use as a context manager, and `cursor` for each further thread."""

    def __init__(self, location: Location, connection: duckdb.DuckDBPyConnection, *, read_only: bool) -> None:
        self.location, self.read_only = location, read_only
        self._connection = connection
        connection.execute("use warehouse")

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """The rows of one SELECT; `parameters` are bound to the `$name`s in it.

        Raises Refused with DuckDB's message when the SQL is wrong, Unavailable when the files cannot be read.
        """
        try:
            return self._connection.execute(sql, dict(parameters or {})).to_arrow_table()
        except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
            raise Refused(f"The query failed: {error}") from error
        except duckdb.OperationalError as error:
            raise Unavailable(f"The warehouse '{self.location}' cannot be read: {_first_line(error)}") from error

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        """`query` as a list of dictionaries, for small answers."""
        rows: list[dict[str, Any]] = self.query(sql, parameters).to_pylist()
        return rows

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run a statement that changes something; inside `transaction`."""
        self._connection.execute(sql, dict(parameters or {}))

    @contextmanager
    def register(self, name: str, rows: pa.Table) -> Iterator[None]:
        """Make an Arrow table readable as `name` in SQL while the context lasts."""
        self._connection.register(name, rows)
        try:
            yield
        finally:
            self._connection.unregister(name)

    @contextmanager
    def transaction(self, message: str) -> Iterator[None]:
        """One transaction, committed at the end and rolled back on an error; `message` is its snapshot's description.

        Holds the inter-process lock of a SQLite catalog throughout: a transaction whose snapshot was overtaken
        is refused, even where only rows were added.
        """
        if self.read_only:
            raise Refused(f"The warehouse '{self.location}' was opened for reading; open it for writing to change it.")
        with self._locked():
            self._connection.execute("begin")
            try:
                yield
                self._connection.execute("call warehouse.set_commit_message('pie', $message)", {"message": message})
                self._connection.execute("commit")
            except BaseException:
                # A failed commit has already ended the transaction.
                with suppress(duckdb.TransactionException):
                    self._connection.execute("rollback")
                raise

    @contextmanager
    def reading(self) -> Iterator[int]:
        """One snapshot for several queries; yields its number."""
        self._connection.execute("begin")
        try:
            yield self.snapshot()
        finally:
            self._connection.execute("rollback")

    def snapshot(self) -> int:
        """The number of the snapshot that is read: the newest, or the one of `as_of`."""
        return int(self.rows("select id from warehouse.current_snapshot()")[0]["id"])

    def cursor(self) -> "Warehouse":
        """The same warehouse for another thread, with transactions of its own."""
        return Warehouse(self.location, self._connection.cursor(), read_only=self.read_only)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _locked(self) -> AbstractContextManager[object]:
        return _lock(self.location) if self.location.directory else nullcontext()


def open_warehouse(
    url: str | os.PathLike[str] | None = None,
    *,
    read_only: bool = False,
    create: bool = False,
    as_of: int | None = None,
) -> Warehouse:
    """Open a warehouse, the one of PIE_WAREHOUSE or ./warehouse when no URL is given.

    `create` makes it when it is not there; `as_of` reads an older snapshot, for reading only.
    Raises NotFound when there is none, Refused when it is not a warehouse, or one of another schema version.
    """
    location = locate(url)
    if not location.exists:
        if not create:
            raise NotFound(
                f"No warehouse at '{location}'; make one with `pie quickstart` or `pie data add`, or name another with --warehouse."
            )
        _create(location)
    connection = _attached(location, read_only=read_only or as_of is not None, as_of=as_of)
    warehouse = Warehouse(location, connection, read_only=read_only or as_of is not None)
    try:
        if as_of is None:
            require_current(warehouse)
    except BaseException:
        warehouse.close()
        raise
    return warehouse


def migrate_warehouse(url: str | os.PathLike[str] | None = None) -> list[str]:
    """Move an older warehouse forward; returns the names of the migrations applied, none when it was current."""
    location = locate(url)
    if not location.exists:
        raise NotFound(f"No warehouse at '{location}'; there is nothing to migrate.")
    with Warehouse(location, _attached(location, read_only=False), read_only=False) as warehouse:
        return migrate(warehouse)


def _create(location: Location) -> None:
    """Make the warehouse; a process that was killed half-way is finished by the next one."""
    assert location.directory is not None
    directory = location.directory
    if directory.exists() and not directory.is_dir():
        raise Refused(f"'{location}' is a file, not a warehouse's directory; name another with --warehouse.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"Cannot make a warehouse at '{location}': {error.strerror}; name a directory you may write to."
        ) from error
    strangers = sorted({path.name for path in directory.iterdir()} - {"lock", "data", _ASIDE, CATALOG})
    if strangers:
        raise Refused(
            f"'{location}' is not a warehouse: it holds '{strangers[0]}' but no catalog; name an empty or new directory."
        )
    with _lock(location):
        if not location.exists:
            _create_catalog(location, directory)


_ASIDE = ".creating"


def _create_catalog(location: Location, directory: Path) -> None:
    # Made aside and renamed, so that a catalog, once seen, is complete.
    aside = directory / _ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    with closing(sqlite3.connect(aside / CATALOG)) as catalog:
        # Readers and writers do not block each other in this mode; it stays with the file.
        catalog.execute("pragma journal_mode = wal")
    making = replace(location, catalog=f"ducklake:sqlite:{aside / CATALOG}")
    with Warehouse(making, _attached(making, read_only=False), read_only=False) as warehouse:
        # Delta encoding and zstd: a prediction takes a fifth of a byte.
        warehouse.execute("call warehouse.set_option('parquet_version', 2)")
        warehouse.execute("call warehouse.set_option('parquet_compression', 'zstd')")
        migrate(warehouse)
    with closing(sqlite3.connect(aside / CATALOG)) as catalog:
        catalog.execute("pragma wal_checkpoint(truncate)")
    (aside / CATALOG).rename(directory / CATALOG)
    shutil.rmtree(aside)


def _attached(location: Location, *, read_only: bool, as_of: int | None = None) -> duckdb.DuckDBPyConnection:
    connection = connect(*location.extensions)
    options = [f"data_path {_quoted(location.data_path)}", "override_data_path true"]
    if read_only:
        options.append("read_only")
    if as_of is not None:
        options.append(f"snapshot_version {int(as_of)}")
    try:
        connection.execute("set ducklake_max_retry_count = 100")
        connection.execute(f"attach {_quoted(location.catalog)} as warehouse ({', '.join(options)})")
    except duckdb.Error as error:
        connection.close()
        if as_of is not None and "snapshot" in str(error).lower():
            raise NotFound(f"No snapshot {as_of} in the warehouse; list snapshots with `pie snapshots`.") from error
        raise Refused(f"'{location}' is not a warehouse that can be opened: {_first_line(error)}") from error
    return connection


@contextmanager
def _lock(location: Location) -> Iterator[None]:
    """The inter-process lock of a warehouse's directory; a thread that holds it may take it again."""
    assert location.directory is not None
    lock = FileLock(location.directory / "lock", timeout=LOCK_TIMEOUT_SECONDS, is_singleton=True)
    try:
        lock.acquire()
    except Timeout as error:
        raise Unavailable(
            f"Another process has held the warehouse's lock '{lock.lock_file}' for {LOCK_TIMEOUT_SECONDS} s; "
            "wait for it or end it, then try again."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _quoted(text: str | Path) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0]
