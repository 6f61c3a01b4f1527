"""The warehouse: a DuckLake that is opened, read at one snapshot, and written in short transactions."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Self

import duckdb
import pyarrow as pa

from store.attach import attach, no_warehouse
from store.errors import Refused, StoreError, Unavailable
from store.location import Location, locate
from store.lock import hold
from store.migrate import migrate, require_current

BATCH_ROWS = 16_384
"""Rows of a batch of `Warehouse.stream`."""

_SNAPSHOTS_REMEMBERED = 8

_GROWING = """
select c.dataset, c.architecture from comparison as c where not c.is_stored
union
select e.dataset, e.architecture from evaluated_run as e where e.value is null
"""


class Warehouse:
    """An open warehouse. SQL names its tables plainly; use as a context manager, and `cursor` for each further thread."""

    def __init__(self, location: Location, connection: duckdb.DuckDBPyConnection, *, read_only: bool) -> None:
        self.location, self.read_only = location, read_only
        self._connection = connection
        self._reads: int | None = None
        self._growing: dict[int, frozenset[tuple[str, str]]] = {}
        connection.execute("use warehouse")

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """The rows of one SELECT; `parameters` are bound to the `$name`s in it.

        Raises Refused with DuckDB's message when the SQL is wrong, Unavailable when the files cannot be read.
        """
        try:
            return self._connection.execute(sql, dict(parameters or {})).to_arrow_table()
        except duckdb.Error as error:
            raise self._failure(error) from error

    def stream(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.RecordBatchReader:
        """`query` batch by batch, for large answers: read it to its end before anything else is asked here."""
        try:
            return self._connection.execute(sql, dict(parameters or {})).to_arrow_reader(BATCH_ROWS)
        except duckdb.Error as error:
            raise self._failure(error) from error

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

        Holds the warehouse's lock throughout, so that writers take turns: a SQLite catalog refuses a transaction
        whose snapshot was overtaken, even where only rows were added, and no catalog knows of unique rows.
        Raises Unavailable when the warehouse cannot be written; nothing of the transaction stays.
        """
        if self.read_only:
            raise Refused(f"The warehouse '{self.location}' was opened for reading; open it for writing to change it.")
        with hold(self.location, self._connection, "write"):
            self._connection.execute("begin")
            try:
                yield
                self._connection.execute("call warehouse.set_commit_message('pie', $message)", {"message": message})
                self._connection.execute("commit")
            except BaseException as error:
                # A failed commit has already ended the transaction.
                with suppress(duckdb.TransactionException):
                    self._connection.execute("rollback")
                if isinstance(error, duckdb.OperationalError):
                    raise Unavailable(
                        f"The warehouse '{self.location}' cannot be written, and nothing was: {self.location.hide(error)}. "
                        "Check the rights, the space of its disk and who else holds it, then try again."
                    ) from error
                raise

    @contextmanager
    def maintenance(self) -> Iterator[None]:
        """Keep others who look after the warehouse (compaction, backup) out; readers and writers are not kept."""
        with hold(self.location, self._connection, "maintain"):
            yield

    @contextmanager
    def standstill(self) -> Iterator[None]:
        """Keep writers out while the context lasts, without writing."""
        with hold(self.location, self._connection, "write"):
            yield

    @contextmanager
    def reading(self) -> Iterator[int]:
        """One snapshot for several queries; yields its number. Within another `reading`, the same one."""
        if self._reads is not None:
            yield self._reads
            return
        self._connection.execute("begin")
        try:
            self._reads = self.snapshot()
            yield self._reads
        finally:
            self._reads = None
            self._connection.execute("rollback")

    @contextmanager
    def answering(self, datasets: Collection[str] | None, architectures: Collection[str] | None) -> Iterator[None]:
        """One snapshot, in which the concept views are read from what is stored, if nothing asked about is growing.

        The views give stored and growing variants alike; those of the schema `stored`, of the same names, need not look
        for growing ones. `datasets` and `architectures` are those asked about, None for all.
        """
        with self.reading() as snapshot:
            growing = any(
                (datasets is None or dataset in datasets) and (architectures is None or architecture in architectures)
                for dataset, architecture in self._growing_at(snapshot)
            )
            if growing:
                yield
                return
            self._connection.execute("set search_path = 'warehouse.stored,warehouse.main'")
            try:
                yield
            finally:
                self._connection.execute("use warehouse")

    def _growing_at(self, snapshot: int) -> frozenset[tuple[str, str]]:
        """Dataset and architecture of what is not stored; asked once for each snapshot."""
        if snapshot not in self._growing:
            rows = self.rows(_GROWING)
            while len(self._growing) >= _SNAPSHOTS_REMEMBERED:
                self._growing.pop(next(iter(self._growing)), None)
            self._growing[snapshot] = frozenset((row["dataset"], row["architecture"]) for row in rows)
        return self._growing[snapshot]

    def snapshot(self) -> int:
        """The number of the snapshot that is read: the newest, or the one of `as_of`."""
        return int(self.rows("select id from warehouse.current_snapshot()")[0]["id"])

    def cursor(self) -> "Warehouse":
        """The same warehouse for another thread, with transactions of its own. Raises Unavailable."""
        try:
            further = Warehouse(self.location, self._connection.cursor(), read_only=self.read_only)
        except duckdb.Error as error:
            raise self._failure(error) from error
        further._growing = self._growing
        return further

    def close(self) -> None:
        self._connection.close()

    def _failure(self, error: duckdb.Error) -> StoreError:
        if isinstance(error, (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError)):
            return Refused(f"The query failed: {error}")
        return Unavailable(f"The warehouse '{self.location}' cannot be read: {self.location.hide(error)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


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
    if create:
        from store.create import create_warehouse  # it opens what it makes

        create_warehouse(location)
    elif not location.exists:
        raise no_warehouse(location)
    connection = attach(location, read_only=read_only or as_of is not None, as_of=as_of)
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
        raise no_warehouse(location)
    with Warehouse(location, attach(location), read_only=False) as warehouse:
        return migrate(warehouse)
