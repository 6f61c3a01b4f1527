"""A few processes that answer strangers' SQL: each query has one for itself, for as long as it is allowed to take."""

import json
import os
import signal
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

from store.errors import NotFound, Refused, StoreError, Unavailable

START_SECONDS = 60
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)


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

    def __init__(self, url: str | None, limits: SqlLimits, environment: Mapping[str, str] | None = None) -> None:
        """`environment` is what the processes find in theirs besides: credentials of accounts that may only read."""
        self.limits = limits
        self._workers = [_Worker(url, limits, environment or {}) for _ in range(limits.workers)]
        self._idle = [*self._workers]
        self._freed = threading.Condition()
        self._asking = threading.BoundedSemaphore(limits.workers + limits.waiting)

    def start(self) -> None:
        """Start the processes, so that the first query need not wait for one."""
        for worker in self._workers:
            worker.start(None)

    @property
    def num_busy(self) -> int:
        """Number of workers that answer at the moment."""
        return len(self._workers) - len(self._idle)

    def ask(self, query: SqlQuery) -> SqlAnswer:
        """The answer. Raises NotFound (`as_of`), Refused (not allowed, wrong, too slow, too large), Busy or Unavailable."""
        with self._worker(query.as_of) as worker:
            return worker.ask(query)

    def close(self) -> None:
        for worker in self._workers:
            worker.stop()

    @contextmanager
    def _worker(self, as_of: int | None) -> "Iterator[_Worker]":
        if not self._asking.acquire(blocking=False):
            raise Busy(f"{self.limits.workers + self.limits.waiting} queries are under way; ask again in a moment.")
        try:
            worker = self._taken(as_of)
            try:
                yield worker
            finally:
                with self._freed:
                    self._idle.append(worker)
                    self._freed.notify()
        finally:
            self._asking.release()

    def _taken(self, as_of: int | None) -> "_Worker":
        """A worker that reads this snapshot already, else the one idle for longest, which is then started anew."""
        with self._freed:
            # Those before may take their whole time.
            seconds = self.limits.time_limit_ms / 1000 * (1 + self.limits.waiting)
            if not self._freed.wait_for(lambda: self._idle, timeout=seconds):
                raise Busy("No worker became free; ask again in a moment.")
            worker = next((worker for worker in reversed(self._idle) if worker.as_of == as_of), self._idle[0])
            self._idle.remove(worker)
            return worker


class _Worker:
    """One process, started again whenever it has ended or another snapshot is asked."""

    def __init__(self, url: str | None, limits: SqlLimits, environment: Mapping[str, str]) -> None:
        self._url, self._limits, self._environment = url, limits, environment
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None
        self.as_of: int | None = None
        """The snapshot its process reads, None for the newest."""
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
            head = {self._why_it_ended(): ""}
        if "crashed" in head:
            self._restart()
            raise Refused("The query crashed the engine and was ended; ask it another way.")
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
        self._process = subprocess.Popen(
            [sys.executable, "-m", "store.sql_worker", str(others.fileno())],
            pass_fds=[others.fileno()],
            # An arena of the allocator's own for each thread would take a good part of the memory allowed.
            env={**os.environ, "MALLOC_ARENA_MAX": "1", **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        others.close()
        # Not in its arguments: those can be read by everyone on the machine, and the URL may hold a password.
        settings: dict[str, Any] = {"url": self._url, "as_of": as_of, "memory_limit_mb": self._limits.memory_limit_mb}
        own.send_bytes(json.dumps(settings | {"threads": max(1, (os.cpu_count() or 1) // 2)}).encode())
        self._pipe, self.as_of, self._ready = own, as_of, False

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._pipe is not None:
            self._pipe.close()

    def _why_it_ended(self) -> str:
        self.stop()
        assert self._process is not None
        return "crashed" if -(self._process.returncode or 0) in _CRASHES else "exhausted"

    def _restart(self) -> None:
        self.start(None)

    def _make_ready(self, as_of: int | None) -> None:
        if self.as_of != as_of or self._process is None or self._process.poll() is not None:
            self.start(as_of)
        assert self._pipe is not None
        if self._ready:
            return
        head: dict[str, str] | None = None
        with suppress(EOFError, OSError):
            head = json.loads(self._pipe.recv_bytes(1 << 16)) if self._pipe.poll(START_SECONDS) else None
        self._ready = head == {}
        if not self._ready:
            self._restart()
            if head:
                raise NotFound(head["not_found"])
            raise Unavailable("The worker for SQL could not open the warehouse.")
