"""Making a warehouse, so that a process killed half-way is finished by the next one."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from store.attach import attach
from store.errors import Refused
from store.location import CATALOG, Location
from store.lock import LOCK_FILES, QUEUE, hold
from store.migrate import migrate
from store.warehouse import Warehouse

_ASIDE = ".creating"


def create_warehouse(location: Location) -> None:
    """Make the warehouse when it is not there. Raises Refused, naming it, where something else is."""
    if location.directory is None:
        with hold(location, "create"):
            _create_in_postgres(location)
    elif not location.exists:
        _prepare(location.directory, location)
        with hold(location, "create"):
            if not location.exists:
                _create_in_directory(location.directory, location)


def _create_in_postgres(location: Location) -> None:
    with Warehouse(location, attach(location, create=True), read_only=False) as warehouse:
        if not warehouse.rows("select 1 from duckdb_tables() as t where t.database_name = 'warehouse'"):
            _fill(warehouse)


def _prepare(directory: Path, location: Location) -> None:
    if directory.exists() and not directory.is_dir():
        raise Refused(f"'{location}' is a file, not a warehouse's directory; name another with --warehouse.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"Cannot make a warehouse at '{location}': {error.strerror}; name a directory you may write to."
        ) from error
    ours = {"data", _ASIDE, CATALOG, *LOCK_FILES.values(), *map(QUEUE.format, LOCK_FILES.values())}
    strangers = sorted({path.name for path in directory.iterdir()} - ours)
    if strangers:
        raise Refused(
            f"'{location}' is not a warehouse: it holds '{strangers[0]}' but no catalog; name an empty or new directory."
        )


def _create_in_directory(directory: Path, location: Location) -> None:
    # Made aside and renamed, so that a catalog, once seen, is complete.
    aside = directory / _ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    with closing(sqlite3.connect(aside / CATALOG)) as catalog:
        # Readers and writers do not block each other in this mode; it stays with the file.
        catalog.execute("pragma journal_mode = wal")
    making = replace(location, catalog=f"ducklake:sqlite:{aside / CATALOG}")
    with Warehouse(making, attach(making, create=True), read_only=False) as warehouse:
        _fill(warehouse)
    with closing(sqlite3.connect(aside / CATALOG)) as catalog:
        catalog.execute("pragma wal_checkpoint(truncate)")
    (aside / CATALOG).rename(directory / CATALOG)
    shutil.rmtree(aside)


def _fill(warehouse: Warehouse) -> None:
    # Delta encoding and zstd: a prediction takes a fifth of a byte.
    warehouse.execute("call warehouse.set_option('parquet_version', 2)")
    warehouse.execute("call warehouse.set_option('parquet_compression', 'zstd')")
    migrate(warehouse)
