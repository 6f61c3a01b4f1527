"""A DuckDB connection with the extensions of the pinned version, loaded from their packages: no download."""

import os
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir

import duckdb

from store.errors import Refused, StoreError

THREADS_VARIABLE = "PIE_THREADS"
"""The environment variable that bounds the engine's threads in a process; there are as many as processors without it."""

_MOST_THREADS = 1024

_CHECKED: set[str] = set()
"""Extensions whose signatures this process has checked, which takes a quarter of a second of every connection."""


def connect(*extensions: str) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB connection with the named extensions loaded; it never fetches any by itself.

    The signatures of the extensions are checked once in a process. What does not fit into memory goes to a directory of its own
    among the temporary files (TMPDIR), which is made when it is needed and goes with the connection.
    Raises Refused when PIE_THREADS is no number of threads.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        # Else it is `.tmp` where the process was started, with the same file names for all: two that spill there crash.
        "temp_directory": str(Path(gettempdir()) / f"pie-spill-{token_hex(8)}"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_unsigned_extensions": _CHECKED.issuperset(extensions),
    }
    if given := os.environ.get(THREADS_VARIABLE):
        settings["threads"] = _number_of_threads(given)
    connection = duckdb.connect(config=settings)
    for name in extensions:
        connection.load_extension(str(extension_file(name)))
    _CHECKED.update(extensions)
    connection.execute("set allow_unsigned_extensions = false")
    connection.execute("set timezone = 'UTC'")
    # It would be drawn on the standard output, between the rows, where DuckDB takes a process for an interactive one.
    connection.execute("set enable_progress_bar = false")
    # A lake's files never change.
    connection.execute("set global parquet_metadata_cache = true")
    # The predictions of a comparison's runs are found by the runs' ids, two for each seed: with more than the default of 50 of
    # them, those of all runs were read.
    connection.execute("set global dynamic_or_filter_threshold = 1024")
    if "sqlite_scanner" in extensions:
        # Else each look into a SQLite catalog opens a connection of its own, outside the transaction: what was committed since is
        # half seen, a lake's file as gone and the one that it was merged into as not yet there.
        connection.execute("set global sqlite_disable_multithreaded_scans = true")
    return connection


def _number_of_threads(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given) <= _MOST_THREADS:
        raise Refused(
            f"{THREADS_VARIABLE} is '{given}', not a number of threads; write 1, for example, or leave it out."
        )
    return int(given)


def extension_file(name: str) -> Path:
    """The signed extension file that belongs to the installed DuckDB. Raises StoreError when its package is missing."""
    spec = find_spec(f"duckdb_extension_{name}")
    version = f"v{duckdb.__version__}"
    file = Path(spec.origin or "").parent / "extensions" / version / f"{name}.duckdb_extension" if spec else None
    if file is None or not file.exists():
        package = f"duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}"
        raise StoreError(
            f"DuckDB {duckdb.__version__} lacks its extension '{name}'; install it with: pip install {package}"
        )
    return file


def roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    """End a connection's transaction, if it has one, whether or not the catalog's server is still there.

    DuckDB ends the whole process where a connection is closed in a transaction whose PostgreSQL server is gone.
    """
    with suppress(duckdb.Error):
        connection.execute("rollback")


def quoted(text: object) -> str:
    """A text as an SQL literal, for statements that take no parameters."""
    return "'" + str(text).replace("'", "''") + "'"
