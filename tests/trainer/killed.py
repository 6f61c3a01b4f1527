"""A run in a process of its own, which may be killed in the middle of it."""

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from store.identity import RunConfig
from store.protocol import Task
from tests.trainer.tiny import tiny_data, tiny_study
from trainer.place import Place
from trainer.records import Key
from trainer.training_run import TrainingRun
from trainer.worker import Job, attempt

FILE_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir")
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])


def spool(place: Place, config: RunConfig, task: Task, study: Mapping[str, Any]) -> Mapping[Key, float]:
    """Train and spool a run on tiny data."""
    torch.set_num_threads(1)
    return TrainingRun(tiny_study(**study), config, tiny_data(task), place, lambda event: None).spool()


def spool_until_killed(kill_at: int, place: Place, config: RunConfig, task: Task, study: Mapping[str, Any]) -> None:
    """The same, in a process that kills itself right before its `kill_at`-th use of a file in the place."""
    num_events = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal num_events
        if event in FILE_EVENTS and str(arguments[0]).startswith(str(place.spool)):
            num_events += 1
            if num_events == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    spool(place, config, task, study)


def run(target: Callable[..., object], *arguments: object, kill_after: float | None = None) -> int:
    """Run a function in a process of its own, killed after so many seconds; returns its exit status, -9 when killed."""
    process = CONTEXT.Process(target=target, args=arguments)
    process.start()
    process.join(kill_after)
    if process.is_alive():
        process.kill()
        process.join()
    assert process.exitcode is not None
    return process.exitcode


def attempt_with_small_files(limit: int, place: Place, config: RunConfig, answer: Connection) -> None:
    """Try a run where no file may have more than `limit` bytes, and send what the worker makes of it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    ours, theirs = CONTEXT.Pipe()
    job = Job(tiny_study(), Path("unused"), place)
    answer.send(attempt(job, config, tiny_data(), theirs.send))
    ours.close()


def result_of(target: Callable[..., object], *arguments: object) -> Any:
    """What a function in a process of its own sends through the connection it is given last."""
    ours, theirs = CONTEXT.Pipe()
    assert run(target, *arguments, theirs) == 0
    return ours.recv()


def place_in(directory: Path) -> Place:
    """A spool and a work directory in it."""
    return Place(directory / "spool", directory / "spool" / "work")


# Imported when the first optimizer is made: here once, for all processes that are forked from this state.
torch.optim.Adam([torch.zeros(1)])
