"""Feeding a warehouse whose servers may go away for a while: the same again, for a bounded time, until they are back."""

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from store.errors import Lost, Refused
from store.publish import PublishResult, publish_some
from store.warehouse import Warehouse, open_warehouse

RETRY_VARIABLE = "PIE_RETRY_SECONDS"
DEFAULT_RETRY_SECONDS = 120.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0

_Value = TypeVar("_Value")


def feed(url: str | os.PathLike[str] | None, runs: Iterable[Path]) -> Iterator[PublishResult]:
    """Publish spooled runs as `publish_spool` does, over one connection, made anew when a server was lost.

    Publishing again what was published just before the connection broke does no harm. Raises Lost when a server
    stays away for longer than PIE_RETRY_SECONDS.
    """
    waiting = list(runs)
    with ExitStack() as opened:
        warehouses: list[Warehouse] = []

        def publish_next() -> list[PublishResult]:
            if not warehouses:
                warehouses.append(opened.enter_context(open_warehouse(url)))
            try:
                return publish_some(warehouses[0], waiting)
            except Lost:
                warehouses.clear()
                opened.close()
                raise

        while waiting:
            results = persist(publish_next)
            waiting = waiting[len(results) :]
            yield from results


def persist(action: Callable[[], _Value]) -> _Value:
    """What `action` returns, tried again with growing pauses while it raises Lost.

    Raises Lost when it still does after PIE_RETRY_SECONDS; anything else at once.
    """
    deadline, pause = time.monotonic() + retry_seconds(), _FIRST_PAUSE
    while True:
        try:
            return action()
        except Lost:
            if time.monotonic() + pause > deadline:
                raise
        # Many wait for one server: not all at the same moment.
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(2 * pause, _LONGEST_PAUSE)


def retry_seconds() -> float:
    """How long a lost server is waited for. Raises Refused when the variable is not a number."""
    given = os.environ.get(RETRY_VARIABLE)
    try:
        return float(given) if given else DEFAULT_RETRY_SECONDS
    except ValueError as error:
        raise Refused(f"{RETRY_VARIABLE} is '{given}', not a number of seconds; write 120, for example.") from error
