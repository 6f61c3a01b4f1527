"""A few processes that answer strangers' SQL: each query has one for itself, for as long as it is allowed to take."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import pyarrow as pa

from store.errors import Refused, StoreError, Unavailable

START_SECONDS = 60


class Busy(StoreError):
    """All workers are taken and enough others wait; asking again in a moment helps."""


@dataclass(frozen=True)
class SqlLimits:
    """What one query may take."""

    workers: int = 2
    """Queries answered at the same time."""
    waiting: int = 8
    """Queries that may wait for a worker; further ones are turned away."""
    time_limit_ms: int = 5_000
    memory_limit_mb: int = 1_024
    max_rows: int = 100_000
    max_bytes: int = 32 * 2**20
    """Size of the answer as an Arrow stream."""


@dataclass(frozen=True)
class SqlQuery:
    """A query of a stranger."""

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    as_of: int | None = None
    time_limit_ms: int | None = None
    """Less than the pool's, if given."""


@dataclass(frozen=True)
class SqlAnswer:
    """The rows, the snapshot they were read from, and the bound that has cut them off: `rows`, `bytes` or none."""

    rows: pa.Table
    snapshot: int
    truncated: str | None


class SqlPool:
    """Answers SQL in processes of its own. Usable from many threads; `close` ends the processes."""

    def __init__(self, url: str | None, limits: SqlLimits) -> None:
        self.limits = limits
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._workers = [_Worker(url, limits) for _ in range(limits.workers)]
        for worker in self._workers:
            self._idle.put(worker)
        self._asking = threading.BoundedSemaphore(limits.workers + limits.waiting)

    def start(self) -> None:
        """Start the processes, so that the first query need not wait for one."""
        for worker in self._workers:
            worker.start(None)

    @property
    def num_busy(self) -> int:
        """Number of workers that answer at the moment."""
        return len(self._workers) - self._idle.qsize()

    def ask(self, query: SqlQuery) -> SqlAnswer:
        """The answer. Raises Refused (not allowed, wrong, too slow, too much memory), Busy or Unavailable."""
        with self._worker() as worker:
            return worker.ask(query)

    def close(self) -> None:
        for worker in self._workers:
            worker.stop()

    @contextmanager
    def _worker(self) -> "Iterator[_Worker]":
        if not self._asking.acquire(blocking=False):
            raise Busy(f"{self.limits.workers + self.limits.waiting} queries are under way; ask again in a moment.")
        try:
            try:
                # Those before may take their whole time.
                worker = self._idle.get(timeout=self.limits.time_limit_ms / 1000 * (1 + self.limits.waiting))
            except queue.Empty:
                raise Busy("No worker became free; ask again in a moment.") from None
            try:
                yield worker
            finally:
                self._idle.put(worker)
        finally:
            self._asking.release()


class _Worker:
    """One process, started again whenever it has ended or another snapshot is asked."""

    def __init__(self, url: str | None, limits: SqlLimits) -> None:
        self._url, self._limits = url, limits
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._as_of: int | None = None
        self._ready = False

    def ask(self, query: SqlQuery) -> SqlAnswer:
        limits = self._limits
        time_limit_ms = min(query.time_limit_ms or limits.time_limit_ms, limits.time_limit_ms)
        self._make_ready(query.as_of)
        assert self._pipe is not None
        asked: dict[str, Any] = {"sql": query.sql, "parameters": dict(query.parameters)}
        asked |= {"max_rows": limits.max_rows, "max_bytes": limits.max_bytes}
        try:
            self._pipe.send_bytes(json.dumps(asked).encode())
            if not self._pipe.poll(time_limit_ms / 1000):
                self._restart()
                raise Refused(
                    f"The query took longer than its {time_limit_ms} ms and was ended; ask for less, or filter earlier."
                )
            head = json.loads(self._pipe.recv_bytes(1 << 20))
            if "snapshot" in head:
                rows = pa.ipc.open_stream(self._pipe.recv_bytes()).read_all()
                return SqlAnswer(rows, head["snapshot"], head["truncated"])
        except (EOFError, OSError):
            head = {"exhausted": ""}
        if "exhausted" in head:
            self._restart()
            raise Refused(
                f"The query needed more than its {limits.memory_limit_mb} MB of memory and was ended; "
                "ask for less, or aggregate earlier."
            )
        if "refused" in head:
            raise Refused(head["refused"])
        raise Unavailable("The warehouse cannot be read.")

    def start(self, as_of: int | None) -> None:
        """Start the process, without waiting until it is ready."""
        self.stop()
        own, others = Pipe()
        settings = {"descriptor": others.fileno(), "url": self._url, "as_of": as_of}
        settings |= {"memory_limit_mb": self._limits.memory_limit_mb, "threads": max(1, (os.cpu_count() or 1) // 2)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "store.sql_worker", json.dumps(settings)],
            pass_fds=[others.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        others.close()
        self._pipe, self._as_of, self._ready = own, as_of, False

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._pipe is not None:
            self._pipe.close()

    def _restart(self) -> None:
        self.start(None)

    def _make_ready(self, as_of: int | None) -> None:
        if self._as_of != as_of or self._process is None or self._process.poll() is not None:
            self.start(as_of)
        assert self._pipe is not None
        if self._ready:
            return
        with suppress(EOFError, OSError):
            self._ready = self._pipe.poll(START_SECONDS) and self._pipe.recv_bytes(16) == b"ready"
        if not self._ready:
            self._restart()
            raise Unavailable("The worker for SQL could not open the warehouse.")
