"""The workers of a study on this machine: started, given runs, listened to, replaced when they die, ended."""

import contextlib
import multiprocessing
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Protocol, Self

from store.identity import RunConfig
from trainer.events import Ready, RunEvent
from trainer.worker import Job, work

END_SECONDS = 5.0
PRELOADED = ["trainer.worker", "torch._dynamo"]
"""What takes seconds to import, the second when the first optimizer is made: once for all workers, which are forked from there."""
LISTEN_SECONDS = 2.0
"""How long events are waited for: something else may be due."""


@dataclass(frozen=True)
class Died:
    """A worker is gone without a word; `how` says what the system knows."""

    run_id: str | None
    how: str
    ready: bool
    """Whether it had started."""


@dataclass
class Worker:
    """One process, our end of its connection, and the run it trains."""

    job: Job
    process: BaseProcess
    connection: Connection
    run_id: str | None = None
    ready: bool = False


class Crew(Protocol):
    """Those who train, here or elsewhere, as a context manager: they are ended when it is left."""

    max_deaths: int
    """How often a run's worker may die before the run counts as failed."""

    def room(self) -> int:
        """How many more runs can be handed out now."""

    def give(self, config: RunConfig) -> None:
        """Let a run be trained."""

    def events(self) -> Iterator[RunEvent | Died]:
        """What is told of the runs, after waiting for something for LISTEN_SECONDS at most."""

    def free(self, run_id: str) -> None:
        """The run has come to its end."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class LocalCrew:
    """Some workers on this machine."""

    max_deaths = 2

    def __init__(self, jobs: list[Job]) -> None:
        self._jobs = jobs
        self._workers: list[Worker] = []

    def room(self) -> int:
        return sum(worker.run_id is None for worker in self._workers)

    def give(self, config: RunConfig) -> None:
        worker = next(worker for worker in self._workers if worker.run_id is None)
        worker.run_id = config.run_id
        with contextlib.suppress(BrokenPipeError):  # It is dead, and will be found so.
            worker.connection.send(config)

    def events(self) -> Iterator[RunEvent | Died]:
        by_connection = {worker.connection: worker for worker in self._workers}
        for connection in wait(list(by_connection), LISTEN_SECONDS):
            assert isinstance(connection, Connection)
            worker = by_connection[connection]
            try:
                event = connection.recv()
            except (EOFError, ConnectionResetError):
                event = self._replace(worker)
            if isinstance(event, Ready):
                worker.ready = True
            else:
                yield event

    def free(self, run_id: str) -> None:
        for worker in self._workers:
            if worker.run_id == run_id:
                worker.run_id = None

    def _replace(self, dead: Worker) -> Died:
        dead.process.join()
        dead.connection.close()
        self._workers[self._workers.index(dead)] = _start(dead.job)
        return Died(dead.run_id, _how(dead.process.exitcode), dead.ready)

    def __enter__(self) -> Self:
        self._workers = [_start(job) for job in self._jobs]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            if worker.run_id is None:
                with contextlib.suppress(BrokenPipeError):
                    worker.connection.send(None)
            else:
                # Whatever it does is safe to cut short.
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(END_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()


def share_devices(job: Job, num_workers: int, num_gpus: int) -> list[Job]:
    """One job for each worker; on CUDA the GPUs are dealt out in turn."""
    if job.place.device != "cuda":
        return [job] * num_workers
    return [job.on(f"cuda:{number % num_gpus}") for number in range(num_workers)]


def _start(job: Job) -> Worker:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(job, theirs), daemon=True)
    process.start()
    theirs.close()
    return Worker(job, process, ours)


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"was ended by {signal.Signals(-exit_code).name}, for want of memory perhaps"
    return f"ended with status {exit_code}"
