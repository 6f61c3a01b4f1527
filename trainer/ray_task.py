"""A run as a Ray task: the same attempt as in a worker of this machine, its events yielded as they come."""

import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue

from store.identity import RunConfig
from trainer.encoding import EncodedDataset, open_encoded
from trainer.events import Event, Step
from trainer.worker import Job, attempt, prepare

STEP_SECONDS = 1.0
"""How often a run tells how far it is within an epoch: each event crosses the network."""


def train_task(job: Job, config: RunConfig) -> Iterator[Event]:
    """Train and spool one run on storage that all nodes share; yields its events, the last of which says what came of it."""
    events: SimpleQueue[Event | BaseException | None] = SimpleQueue()
    # It tells its events by a call, Ray wants them yielded: a thread lies between.
    threading.Thread(target=_attempt, args=(job, config, events), daemon=True).start()
    told_at = 0.0
    while (event := events.get()) is not None:
        if isinstance(event, BaseException):
            raise event
        if isinstance(event, Step) and event.share < 1:
            if time.monotonic() - told_at < STEP_SECONDS:
                continue
            told_at = time.monotonic()
        yield event


def _attempt(job: Job, config: RunConfig, events: "SimpleQueue[Event | BaseException | None]") -> None:
    try:
        prepare(job)
        events.put(attempt(job, config, _opened(job.encoded), events.put))
    except BaseException as error:
        # What no run should raise: the driver is told, as when a worker dies.
        events.put(error)
    events.put(None)


@lru_cache(maxsize=1)
def _opened(encoded: Path) -> EncodedDataset:
    """A process that Ray keeps trains one run after the other: the data are opened once."""
    return open_encoded(encoded)
