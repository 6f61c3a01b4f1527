"""What is running where: each session keeps a file in the work directory, which `pie plan` reads on any machine that sees it."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from store.spool import write_aside

WRITTEN_EVERY_SECONDS = 2.0
STALE_SECONDS = 60.0
"""A session that has written nothing for so long has ended without a word."""


@dataclass(frozen=True)
class UnderWay:
    """A run under way: on which machine and in which process, and the epoch it has reached, once it has."""

    where: str
    epoch: int | None = None


class Whereabouts:
    """The runs under way of one session."""

    def __init__(self, work: Path) -> None:
        self._file = _directory(work) / f"{socket.gethostname()}-{os.getpid()}.json"
        self._runs: dict[str, UnderWay] = {}
        self._written_at = 0.0

    def started(self, run_id: str, where: str) -> None:
        self._runs[run_id] = UnderWay(where)

    def reached(self, run_id: str, epoch: int) -> None:
        if run_id in self._runs:
            self._runs[run_id] = replace(self._runs[run_id], epoch=epoch)

    def ended(self, run_id: str) -> None:
        self._runs.pop(run_id, None)

    def write(self) -> None:
        """Write the file, unless that was done a moment ago."""
        if time.monotonic() - self._written_at < WRITTEN_EVERY_SECONDS:
            return
        self._written_at = time.monotonic()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_aside(self._file, json.dumps({run_id: asdict(run) for run_id, run in self._runs.items()}).encode())

    def close(self) -> None:
        """Nothing is under way any more."""
        self._file.unlink(missing_ok=True)
        for file in self._file.parent.glob("*.json"):
            if _is_over(file):
                file.unlink(missing_ok=True)


def under_way(work: Path) -> Mapping[str, UnderWay]:
    """The runs under way of all sessions that use a work directory, by run_id."""
    runs: dict[str, UnderWay] = {}
    for file in _directory(work).glob("*.json"):
        # A session may end, and its file vanish, at any moment.
        with contextlib.suppress(FileNotFoundError):
            if not _is_over(file):
                runs |= {run_id: UnderWay(**run) for run_id, run in json.loads(file.read_bytes()).items()}
    return runs


def _is_over(file: Path) -> bool:
    """Whether the session of a file has ended without removing it."""
    host, _, pid = file.stem.rpartition("-")
    if host == socket.gethostname() and not Path(f"/proc/{pid}").exists() and Path("/proc").exists():
        return True
    try:
        return time.time() - file.stat().st_mtime > STALE_SECONDS
    except FileNotFoundError:
        return True


def _directory(work: Path) -> Path:
    return work / "sessions"
