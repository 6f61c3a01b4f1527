"""The locks of a warehouse: writers take turns, and so do those who look after it.

A directory has lock files; a PostgreSQL catalog has advisory locks, which end with the connection that holds them.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Literal

import duckdb
from filelock import FileLock, Timeout

from store.attach import quoted
from store.errors import Unavailable
from store.location import Location

LOCK_TIMEOUT_SECONDS = 60

Purpose = Literal["write", "create", "maintain"]

LOCK_FILES: dict[Purpose, str] = {"write": "lock", "create": "lock", "maintain": "maintenance.lock"}
_ADVISORY_CLASS = 0x706965
"""Advisory locks are numbers that all users of a database share: these are `pie`, and one for each purpose."""
_ADVISORY_KEYS: dict[Purpose, int] = {"write": 1, "create": 2, "maintain": 3}


@contextmanager
def hold(location: Location, connection: duckdb.DuckDBPyConnection | None, purpose: Purpose) -> Iterator[None]:
    """Hold a warehouse's lock; `connection`, with the extensions of the location, is needed for a PostgreSQL catalog.

    The holder of a lock file may take it again; one of an advisory lock may not. Raises Unavailable when another
    holds it for LOCK_TIMEOUT_SECONDS.
    """
    if location.directory:
        with _file_lock(location, purpose):
            yield
    else:
        assert connection is not None, "an advisory lock is asked of the catalog"
        with _advisory_lock(location, connection, purpose):
            yield


@contextmanager
def _file_lock(location: Location, purpose: Purpose) -> Iterator[None]:
    assert location.directory is not None
    file = location.directory / LOCK_FILES[purpose]
    lock = FileLock(file, timeout=LOCK_TIMEOUT_SECONDS, poll_interval=0.02, is_singleton=True)
    try:
        lock.acquire()
    except Timeout as error:
        raise Unavailable(_waited(f"'{file}'")) from error
    except OSError as error:
        raise Unavailable(
            f"The warehouse '{location}' cannot be written: its lock '{file}' cannot be taken ({error.strerror}); "
            "check the rights and the space of its disk, then try again."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory_lock(location: Location, connection: duckdb.DuckDBPyConnection, purpose: Purpose) -> Iterator[None]:
    # A transaction on a connection of its own, which lasts as long as the lock.
    with closing(connection.cursor()) as holder:
        try:
            holder.execute(f"attach if not exists {quoted(location.postgres)} as pie_lock (type postgres)")
            holder.execute("begin")
            for setting in (f"lock_timeout = {LOCK_TIMEOUT_SECONDS * 1000}", "idle_in_transaction_session_timeout = 0"):
                holder.execute(f"call postgres_execute('pie_lock', 'set local {setting}')")
            keys = f"{_ADVISORY_CLASS}, {_ADVISORY_KEYS[purpose]}"
            holder.execute(f"from postgres_query('pie_lock', 'select 1 from pg_advisory_xact_lock({keys})')").fetchall()
        except duckdb.Error as error:
            if "lock timeout" in str(error):
                raise Unavailable(_waited("in its PostgreSQL catalog")) from error
            raise Unavailable(
                f"The warehouse's PostgreSQL catalog cannot be reached: {location.hide(error)}"
            ) from error
        try:
            yield
        finally:
            holder.execute("rollback")


def _waited(where: str) -> str:
    return (
        f"Another process has held the warehouse's lock {where} for {LOCK_TIMEOUT_SECONDS} s; "
        "wait for it or end it, then try again."
    )
