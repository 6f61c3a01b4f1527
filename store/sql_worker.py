"""A process that answers strangers' SQL, one query at a time, and may be killed at any moment.

Started by `store.sql_pool` as `python -m store.sql_worker`. Its fences, from the outside: the pool kills it at the
time limit; the operating system bounds its memory and lets it write no file; `store.sql_allowed` refuses what is not
a SELECT over the warehouse; DuckDB itself may read nothing but the warehouse, and its settings are locked.
"""

import ctypes
import io
import json
import os
import re
import resource
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from store.engine import quoted
from store.errors import NotFound, StoreError, Unavailable
from store.formats import with_names_apart
from store.location import CATALOG, locate
from store.sql_allowed import Judge
from store.warehouse import Warehouse, open_warehouse

WRITABLE_BYTES = 1 << 16
"""The largest file it may write: SQLite's shared-memory index needs half of it, even to read."""


def main() -> None:
    """Answer queries from the pipe whose file descriptor is given, until it is closed."""
    _die_with(os.getppid())
    # The service's own answers come first.
    os.nice(5)
    pipe: Connection[Any, Any] = Connection(int(sys.argv[1]))
    settings = json.loads(pipe.recv_bytes())
    try:
        opened = open_warehouse(settings["url"], read_only=True, as_of=settings["as_of"])
    except NotFound as error:
        # A warehouse that is gone is no fault of the asker's, and its place not theirs to know.
        if settings["as_of"] is None or not locate(settings["url"]).exists:
            raise
        pipe.send_bytes(json.dumps({"not_found": str(error)}).encode())
        return
    with opened as warehouse:
        fence(warehouse, settings["memory_limit_mb"], settings["threads"])
        judge = Judge(warehouse)
        # What any query needs once is there before memory is counted.
        _answer(warehouse, judge, {"sql": "from run limit 1", "parameters": {}, "max_rows": 1, "max_bytes": 1 << 20})
        limit_resources(settings["memory_limit_mb"])
        pipe.send_bytes(b"{}")
        while True:
            try:
                asked = json.loads(pipe.recv_bytes())
            except EOFError:
                return
            exhausted = _reply(pipe, warehouse, judge, asked)
            if exhausted:
                # What it still holds is unknown: a fresh process is cheaper than a doubtful one.
                return


def fence(warehouse: Warehouse, memory_limit_mb: int, threads: int) -> None:
    """Shut the engine in, for good: no file but the warehouse's, no settings, a bound on its memory."""
    warehouse.execute(f"set threads = {int(threads)}")
    # The engine's own limit lies below the process's: most queries then end with a sentence, not with the process.
    warehouse.execute(f"set memory_limit = '{int(memory_limit_mb * 0.6)}MB'")
    warehouse.execute("set temp_directory = ''")
    warehouse.execute("set python_enable_replacements = false")
    warehouse.execute(f"set allowed_directories = [{quoted(warehouse.location.data_path)}]")
    if warehouse.location.directory:
        catalog = f"{warehouse.location.directory / CATALOG}"
        warehouse.execute(f"set allowed_paths = [{', '.join(quoted(catalog + end) for end in ('', '-wal', '-shm'))}]")
    warehouse.execute("set enable_external_access = false")
    warehouse.execute("set lock_configuration = true")


def limit_resources(memory_limit_mb: int) -> None:
    """Have the operating system bound the process: memory beyond what it has now, the size of a file it writes, no core dumps."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = mapped + memory_limit_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITABLE_BYTES, WRITABLE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _reply(pipe: "Connection[Any, Any]", warehouse: Warehouse, judge: Judge, asked: dict[str, Any]) -> bool:
    """Answer one query on the pipe; returns whether the process has run out of memory over it."""
    exhausted, body = False, b""
    try:
        head, body = _answer(warehouse, judge, asked)
    except (MemoryError, duckdb.OutOfMemoryException, pa.ArrowMemoryError) as error:
        exhausted, head = True, {"exhausted": str(error)}
    except Unavailable as error:
        exhausted = isinstance(error.__cause__, duckdb.OutOfMemoryException)
        head = {"exhausted": ""} if exhausted else {"unavailable": ""}
    except (StoreError, duckdb.Error, pa.ArrowException, OverflowError, UnicodeError) as error:
        head = {"refused": without_paths(str(error))}
    pipe.send_bytes(json.dumps(head).encode())
    if "snapshot" in head:
        pipe.send_bytes(body)
    return exhausted


def _answer(warehouse: Warehouse, judge: Judge, asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    with warehouse.reading() as snapshot:
        judge.require_allowed(asked["sql"])
        with warehouse.stream(asked["sql"], asked["parameters"]) as rows:
            body, truncated = _bounded(rows, asked["max_rows"], asked["max_bytes"])
    return {"snapshot": snapshot, "truncated": truncated}, body


def _bounded(rows: pa.RecordBatchReader, max_rows: int, max_bytes: int) -> tuple[bytes, str | None]:
    """The rows as an Arrow stream, up to the bounds; and which of them, `rows` or `bytes`, has cut it off."""
    sink = io.BytesIO()
    num_rows, truncated = 0, None
    schema = with_names_apart(rows.schema)
    with pa.ipc.new_stream(sink, schema) as stream:
        for read in rows:
            batch = pa.RecordBatch.from_arrays(read.columns, schema=schema)
            kept = batch.slice(0, max_rows - num_rows)
            truncated = "rows" if len(kept) < len(batch) else None
            room = max_bytes - sink.tell()
            if kept.nbytes > room:
                kept, truncated = kept.slice(0, int(len(kept) * max(room, 0) / kept.nbytes)), "bytes"
            stream.write_batch(kept)
            num_rows += len(kept)
            if truncated:
                break
    return sink.getvalue(), truncated


def without_paths(message: str) -> str:
    """A message of the engine as a sentence, without what it says about the server's files."""
    shown = re.sub(r"(?<![\w.)\]])(?!/v1/)/(?:[\w.+@-]+/)+[\w.+@-]*", "...", message).rstrip()
    # The engine's own messages end by pointing at the place, or without a full stop.
    return shown if shown.endswith((".", "^")) else f"{shown}."


def _die_with(parent: int) -> None:
    """End this process when the service does, however that ended: a query may hold it for minutes."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Not to be read or traced by other processes of this user either (PR_SET_DUMPABLE, 0).
    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)


if __name__ == "__main__":
    main()
