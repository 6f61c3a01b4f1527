"""The warehouse: a DuckLake that is opened, read at one snapshot, and written in short transactions."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Self

import duckdb
import pyarrow as pa

from store.attach import attach, no_warehouse
from store.engine import roll_back
from store.errors import QueryFailed, Refused, StoreError, Unavailable
from store.in_memory import DatasetSplit, InMemory, MemoryCursor
from store.location import Location, locate
from store.lock import hold
from store.migrate import migrate, older_schema, require_current

if TYPE_CHECKING:
    from store.dataset import DatasetFacts

BATCH_ROWS = 16_384
"""Rows of a batch of `Warehouse.stream`."""

_SNAPSHOTS_REMEMBERED = 8

_NEEDED = ("filter_pushdown", "unused_columns", "column_lifetime")
"""What a statement that looks up a few rows gains by. The rest of the optimizers cost more than such a statement, above all
those that ask the catalog for the statistics of every column; of an empty table, again and again."""

_GROWING = """
-- Dataset and architecture of what is not stored.
select c.dataset, c.architecture from growing_comparison as c
union
select e.dataset, e.architecture from evaluated_run as e where e.value is null
"""

_SETTINGS = """
select current_setting('threads'), string_agg(o.name, ',')
from duckdb_optimizers() as o
where not list_contains($needed, o.name)
"""


class Warehouse:
    """An open warehouse. SQL names its tables plainly; use as a context manager, and `cursor` for each further thread."""

    def __init__(self, location: Location, connection: duckdb.DuckDBPyConnection, *, read_only: bool) -> None:
        self.location, self.read_only = location, read_only
        self._connection = connection
        self._reads: int | None = None
        self._has_cursors = False
        self._remembered: dict[int, dict[str, list[dict[str, Any]]]] = {}
        self.older_schema: int | None = None
        """Number of the schema at the snapshot read, when that is an older one than this version's."""
        self.datasets: dict[str, DatasetFacts] = {}
        """What `store.dataset.facts_of` has read of datasets, which never change."""
        self._share(InMemory())
        self._plans = True
        self._is_simple = False
        self._threads, self._needless = connection.execute(_SETTINGS, {"needed": list(_NEEDED)}).fetchall()[0]
        try:
            connection.execute("use warehouse")
        except duckdb.Error as error:
            connection.close()
            what = "cannot be read" if location.lost(error) else "is damaged"
            raise location.unavailable(error, what) from location.cause(error)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """The rows of one SELECT; `parameters` are bound to the `$name`s in it.

        Raises QueryFailed with DuckDB's message when the SQL is wrong, Unavailable when the files cannot be read.
        """
        self._set_planning()
        try:
            return self._connection.execute(sql, dict(parameters or {})).to_arrow_table()
        except duckdb.Error as error:
            raise self._failure(error) from self.location.cause(error)

    def stream(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.RecordBatchReader:
        """`query` batch by batch, for large answers: read it to its end before anything else is asked here."""
        self._set_planning()
        try:
            return self._connection.execute(sql, dict(parameters or {})).to_arrow_reader(BATCH_ROWS)
        except duckdb.Error as error:
            raise self._failure(error) from self.location.cause(error)

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        """`query` as a list of dictionaries, for small answers."""
        rows: list[dict[str, Any]] = self.query(sql, parameters).to_pylist()
        return rows

    def remembered_rows(self, sql: str) -> list[dict[str, Any]]:
        """`rows` of what many questions look up; asked once for each snapshot, by all cursors together."""
        with self.reading() as snapshot:
            remembered = self._remembered.setdefault(snapshot, {})
            for older in sorted(self._remembered)[:-_SNAPSHOTS_REMEMBERED]:
                self._remembered.pop(older, None)
            if sql not in remembered:
                remembered[sql] = self.rows(sql)
            return remembered[sql]

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run a statement that changes something; inside `transaction`."""
        self._set_planning()
        self._connection.execute(sql, dict(parameters or {}))

    def insert(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert a few rows by the names of their columns; inside `transaction`. Many are registered and selected faster."""
        self.execute(f"insert into {table} by name select unnest($rows, max_depth := 2)", {"rows": rows})

    @contextmanager
    def register(self, name: str, rows: pa.Table) -> Iterator[None]:
        """Make an Arrow table readable as `name` in SQL while the context lasts."""
        self._connection.register(name, rows)
        try:
            yield
        finally:
            self._connection.unregister(name)

    @contextmanager
    def transaction(self, message: str | Callable[[], str], *, simple: bool = False) -> Iterator[None]:
        """One transaction, committed at the end and rolled back on an error.

        `message` is its snapshot's description, or what gives it at the end.

        In a `simple` one, whose statements look up a few rows and insert, no plans are compared and nothing is divided among
        threads: both cost as much again as such statements themselves.

        Holds the warehouse's lock throughout, so that writers take turns: a SQLite catalog refuses a transaction
        whose snapshot was overtaken, even where only rows were added, and no catalog knows of unique rows.
        Raises Unavailable when the warehouse cannot be written; nothing of the transaction stays.
        """
        if self.read_only:
            raise Refused(f"The warehouse '{self.location}' was opened for reading; open it for writing to change it.")
        with hold(self.location, "write"), self._simple() if simple else nullcontext():
            self._connection.execute("begin")
            try:
                yield
                told = message if isinstance(message, str) else message()
                self._connection.execute("call warehouse.set_commit_message('pie', $message)", {"message": told})
                self._connection.execute("commit")
            except BaseException as error:
                roll_back(self._connection)
                if isinstance(error, duckdb.OperationalError) or self.location.lost(error):
                    raise self._not_written(error) from self.location.cause(error)
                raise

    @contextmanager
    def _simple(self) -> Iterator[None]:
        self._is_simple = True
        try:
            yield
        finally:
            self._is_simple = False

    def _set_planning(self) -> None:
        """Have the engine plan, or not, as the transaction wants it: only when it changes, as that takes milliseconds."""
        # The settings are the cursors' too, and their queries are under way.
        plans = not self._is_simple or self._has_cursors
        if plans == self._plans:
            return
        if plans:
            self._connection.execute(f"set threads = {self._threads}; reset disabled_optimizers")
        else:
            self._connection.execute(f"set threads = 1; set disabled_optimizers = '{self._needless}'")
        self._plans = plans

    @contextmanager
    def maintenance(self) -> Iterator[None]:
        """Keep others who look after the warehouse (compaction, backup) out; readers and writers are not kept."""
        with hold(self.location, "maintain"):
            yield

    @contextmanager
    def standstill(self) -> Iterator[None]:
        """Keep writers out while the context lasts, without writing."""
        with hold(self.location, "write"):
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
        except BaseException:
            roll_back(self._connection)
            self._memory.end(committed=False)
            raise
        else:
            # Nothing of the lake was changed; temporary tables stay, and copies in memory.
            self._end_reading()
        finally:
            self._reads = None

    def _end_reading(self) -> None:
        try:
            self._connection.execute("commit")
        except duckdb.Error as error:
            roll_back(self._connection)
            self._memory.end(committed=False)
            raise self._failure(error) from self.location.cause(error)
        self._memory.end(committed=True)

    def _share(self, in_memory: InMemory) -> None:
        self._in_memory, self._memory = in_memory, MemoryCursor(self._connection, in_memory)

    @contextmanager
    def answering(
        self,
        datasets: Collection[str] | None,
        architectures: Collection[str] | None,
        split: DatasetSplit | None = None,
        *,
        pies_only: bool = False,
    ) -> Iterator[None]:
        """One snapshot, in which the concept views are read from what is stored, if nothing asked about is growing.

        The views give stored and growing variants alike; those of the schema `stored`, of the same names, need not look
        for growing ones, and find copies in memory. `datasets` and `architectures` are those asked about, None for
        all; `split` the dataset and split whose examples are asked for, and no others; `pies_only` says that of these, and of
        the majority labels, only the PIEs' are.
        """
        with self.reading() as snapshot:
            growing = any(
                (datasets is None or row["dataset"] in datasets)
                and (architectures is None or row["architecture"] in architectures)
                for row in self.remembered_rows(_GROWING)
            )
            try:
                if growing:
                    self._memory.look_at_held(then="warehouse.main")
                else:
                    self._memory.look_into(snapshot, split, pies_only=pies_only, then="warehouse.stored,warehouse.main")
            except duckdb.Error as error:
                raise self._failure(error) from self.location.cause(error)
            try:
                yield
            finally:
                self._connection.execute("use warehouse")

    @contextmanager
    def holding(
        self,
        selects: Mapping[str, str],
        parameters: Mapping[str, object],
        datasets: Collection[str] | None,
        architectures: Collection[str] | None,
    ) -> Iterator[None]:
        """Read once what several questions need: within the context they find these rows first where the relations are named.

        `selects` has for each relation a SELECT of all its rows that a question in the context may ask for; `datasets` and
        `architectures` are those asked about, as in `answering`. All is of one snapshot, as in `reading`.
        """
        with self.reading():
            with self.answering(datasets, architectures):
                try:
                    held = self._memory.held.hold(selects, parameters)
                except duckdb.Error as error:
                    raise self._failure(error) from self.location.cause(error)
            try:
                yield
            finally:
                self._memory.held.let_go(held)

    def snapshot(self) -> int:
        """The number of the snapshot that is read: the newest, or the one of `as_of`."""
        return int(self.rows("select id from warehouse.current_snapshot()")[0]["id"])

    def cursor(self) -> "Warehouse":
        """The same warehouse for another thread, with transactions of its own. Raises Unavailable."""
        self._has_cursors = True
        self._set_planning()
        try:
            further = Warehouse(self.location, self._connection.cursor(), read_only=self.read_only)
        except duckdb.Error as error:
            raise self._failure(error) from self.location.cause(error)
        further._remembered, further.datasets = self._remembered, self.datasets
        further._share(self._in_memory)
        further.older_schema = self.older_schema
        further._has_cursors = True
        return further

    def close(self) -> None:
        self._connection.close()

    def _not_written(self, error: BaseException) -> Unavailable:
        if self.location.directory is None:
            return self.location.unavailable(error, "cannot be written")
        return Unavailable(
            f"The warehouse '{self.location}' cannot be written, and nothing was: {self.location.hide(error)}. "
            "Check the rights, the space of its disk and who else holds it, then try again."
        )

    def _failure(self, error: duckdb.Error) -> StoreError:
        if self.older_schema is not None and isinstance(error, (duckdb.CatalogException, duckdb.BinderException)):
            return Refused(
                f"The snapshot has schema {self.older_schema}, which lacks what is asked ({self.location.hide(error).splitlines()[0]}); "
                "ask a later snapshot, or read this one's own tables by SQL."
            )
        if not self.location.lost(error) and isinstance(
            error, (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError)
        ):
            return QueryFailed(f"The query failed: {self.location.cause(error)}")
        return self.location.unavailable(error, "cannot be read")

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
        else:
            warehouse.older_schema = older_schema(warehouse)
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
