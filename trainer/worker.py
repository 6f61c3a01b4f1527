"""A worker: the process that trains one run after the other, and tells its parent how it goes."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NoReturn

import torch

from store.errors import StoreError
from store.identity import RunConfig
from trainer.encoding import EncodedDataset, open_encoded
from trainer.errors import Busy, StudyError
from trainer.events import Event, Failed, Ready, Skipped, Spooled, Started, Stopped
from trainer.place import Place
from trainer.study import Study
from trainer.training_run import TrainingRun


@dataclass(frozen=True)
class Job:
    """What a worker needs to train any run of a study."""

    study: Study
    encoded: Path
    place: Place
    num_threads: int = 1
    """The same number of threads gives the same bits."""

    def on(self, device: str) -> "Job":
        """The same job on another device."""
        return replace(self, place=replace(self.place, device=device))


_OUT_OF_MEMORY = (MemoryError, torch.OutOfMemoryError)


def work(job: Job, connection: Connection) -> None:
    """Train the runs that come through `connection` until None does, or the parent is gone."""
    # Ctrl-C reaches every process of the terminal; the parent ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    prepare(job)
    data = open_encoded(job.encoded)
    connection.send(Ready())
    while (config := connection.recv()) is not None:
        event = attempt(job, config, data, connection.send)
        connection.send(event)
        if isinstance(event, Stopped):
            return


def prepare(job: Job) -> None:
    """Set what torch keeps for the whole process."""
    torch.set_num_threads(job.num_threads)
    if job.study.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)


def attempt(job: Job, config: RunConfig, data: EncodedDataset, report: Callable[[Event], None]) -> Event:
    """Train and spool one run; an event says what came of it, and `report` is told of those on the way."""
    begun = time.monotonic()
    report(Started(config.run_id, f"{socket.gethostname()}, process {os.getpid()}"))
    run = TrainingRun(job.study, config, data, job.place, report)
    try:
        metrics = run.spool()
    except Busy:
        return Skipped(config.run_id)
    except StudyError as error:
        return Stopped(str(error))
    except OSError as error:
        return Stopped(
            f"{error.strerror or error} ('{error.filename or job.place.work}'): make room or mend it, then start again; what is trained is kept."
        )
    except (StoreError, RuntimeError, MemoryError) as error:
        return Failed(config.run_id, _reason(error), run.in_dense, isinstance(error, _OUT_OF_MEMORY))
    return Spooled(config.run_id, time.monotonic() - begun, metrics)


def _reason(error: BaseException) -> str:
    if isinstance(error, _OUT_OF_MEMORY):
        return f"Out of memory; lower batch_size or the number of workers. {error}".strip()
    return str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"


def _die_with_parent() -> NoReturn:
    """End this process as soon as its parent is gone, however it went: what it does is safe to cut short."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    sys.stderr.flush()
    os._exit(1)
