"""Whether a catalog has changed, seen from its files alone: much quicker than asking it for its newest snapshot."""

import time
from pathlib import Path
from typing import TypeAlias

from store.location import CATALOG, Location

Mark: TypeAlias = tuple[tuple[int, int, int] | None, ...]

SETTLED_NS = 100_000_000
"""A file changed later than this ago may change once more without showing it: its times are rounded to the system's ticks."""


def catalog_mark(location: Location) -> Mark | None:
    """What every commit changes; equal marks, one taken before a snapshot was read and one now, mean that it is the newest still.

    None when nothing can be said: the catalog is a PostgreSQL database, is not there, or has changed a moment ago.
    """
    if location.directory is None or not location.exists:
        return None
    now = time.time_ns()
    marks = [_mark(location.directory / f"{CATALOG}{ending}") for ending in ("", "-wal")]
    is_settled = all(mark is None or now - mark[1] > SETTLED_NS for mark in marks)
    return tuple(marks) if is_settled else None


def _mark(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
