"""Whose turn it is: a queue of processes and threads before a lock file, first come first served.

A lock file alone goes to whoever happens to look first once it is free: among eight that take it again and again, one in
some hundreds misses it sixty times in a row. Here each who waits has a ticket in a directory beside the lock file,
named by when it came, and holds a lock on it: a ticket that nobody holds is that of a killed process, and is taken away.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_POLL_SECONDS = 0.01


@contextmanager
def turn(queue: Path, deadline: float) -> Iterator[None]:
    """Wait until nobody who came earlier waits in the queue, a directory; then the context, in which later ones still wait.

    Raises TimeoutError at the deadline (of time.monotonic), OSError when no ticket can be drawn.
    """
    queue.mkdir(exist_ok=True)
    name = f"{time.time_ns():020d}-{os.getpid()}-{threading.get_ident()}"
    ticket, drawing = queue / name, queue / f".{name}"
    descriptor = os.open(drawing, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Seen only once it is held: else it could pass for a killed one's.
        drawing.rename(ticket)
        while (first := _first(queue)) != name:
            if time.monotonic() > deadline:
                raise TimeoutError
            if not _is_held(queue / first):
                with suppress(FileNotFoundError):
                    (queue / first).unlink()
                continue
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        for path in (ticket, drawing):
            path.unlink(missing_ok=True)
        os.close(descriptor)


def _first(queue: Path) -> str:
    """The name of the earliest ticket; one's own is among them."""
    return min(path.name for path in queue.iterdir() if not path.name.startswith("."))


def _is_held(ticket: Path) -> bool:
    try:
        descriptor = os.open(ticket, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
