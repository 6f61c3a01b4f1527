"""The locks of a warehouse: writers take turns, and so do those who look after it.

A directory has lock files; a PostgreSQL catalog has advisory locks, which end with the connection that holds them. Either
is given in the order in which it was asked for.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Literal

import duckdb
from filelock import FileLock

from store.engine import connect, quoted, roll_back
from store.errors import Lost, Unavailable
from store.location import Location
from store.turn import turn

LOCK_TIMEOUT_SECONDS = 60

Purpose = Literal["write", "create", "maintain"]

LOCK_FILES: dict[Purpose, str] = {"write": "lock", "create": "lock", "maintain": "maintenance.lock"}
QUEUE = "{}.queue"
"""The directory of those who wait for a lock file."""
_ADVISORY_CLASS = 0x706965
"""Advisory locks are numbers that all users of a database share: these are `pie`, and one for each purpose."""
_ADVISORY_KEYS: dict[Purpose, int] = {"write": 1, "create": 2, "maintain": 3}


@contextmanager
def hold(location: Location, purpose: Purpose) -> Iterator[None]:
    """Hold a warehouse's lock.

    The holder of a lock file may take it again; one of an advisory lock may not. Raises Unavailable when another
    holds it for LOCK_TIMEOUT_SECONDS.
    """
    if location.directory:
        with _file_lock(location, purpose):
            yield
    else:
        with _advisory_lock(location, purpose):
            yield


@contextmanager
def _file_lock(location: Location, purpose: Purpose) -> Iterator[None]:
    assert location.directory is not None
    file = location.directory / LOCK_FILES[purpose]
    lock = FileLock(file, timeout=LOCK_TIMEOUT_SECONDS, poll_interval=0.005, is_singleton=True)
    try:
        if lock.is_locked:
            lock.acquire()
        else:
            deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
            with turn(location.directory / QUEUE.format(file.name), deadline):
                lock.acquire(timeout=max(deadline - time.monotonic(), 0))
    except TimeoutError as error:
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
def _advisory_lock(location: Location, purpose: Purpose) -> Iterator[None]:
    try:
        holder = _holder(location, purpose)
    except Lost:
        # The server may have been started again since the last lock: the connections to it are of no use then.
        _waiting_room.cache_clear()
        holder = _holder(location, purpose)
    try:
        yield
    finally:
        roll_back(holder)
        holder.close()


def _holder(location: Location, purpose: Purpose) -> duckdb.DuckDBPyConnection:
    """Whoever holds the lock, once it is given: a transaction on a connection of its own, which lasts as long as the lock."""
    keys = f"{_ADVISORY_CLASS}, {_ADVISORY_KEYS[purpose]}"
    holder = _waiting_room(location).cursor()
    try:
        holder.execute("begin")
        for setting in (f"lock_timeout = {LOCK_TIMEOUT_SECONDS * 1000}", "idle_in_transaction_session_timeout = 0"):
            holder.execute(f"call postgres_execute('server', 'set local {setting}')")
        holder.execute(f"from postgres_query('server', 'select 1 from pg_advisory_xact_lock({keys})')").fetchall()
    except BaseException as error:
        roll_back(holder)
        holder.close()
        if not isinstance(error, duckdb.Error):
            raise
        if "lock timeout" in str(error):
            raise Unavailable(_waited("in its PostgreSQL catalog")) from location.cause(error)
        raise location.unavailable(error, "cannot be written") from location.cause(error)
    return holder


@lru_cache(maxsize=8)
def _waiting_room(location: Location) -> duckdb.DuckDBPyConnection:
    """An engine connected to a catalog's server to wait in for its locks; connecting takes as long as a short transaction.

    It has one thread: with more, one waits and another keeps a core busy.
    """
    room = connect("postgres_scanner")
    room.execute("set threads = 1")
    try:
        room.execute(f"attach {quoted(location.postgres)} as server (type postgres)")
    except duckdb.Error as error:
        raise location.unavailable(error, "cannot be written") from location.cause(error)
    return room


def _waited(where: str) -> str:
    return (
        f"Another process has held the warehouse's lock {where} for {LOCK_TIMEOUT_SECONDS} s; "
        "wait for it or end it, then try again."
    )
