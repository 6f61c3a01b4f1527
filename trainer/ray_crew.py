"""Runs as tasks of a Ray cluster: handed out, listened to, and told of when they die. Ray decides where they run.

Which runs there are, in which order, what follows from an event and the publishing are the session's, as on one machine.
"""

import logging
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import ray
from ray.exceptions import OutOfMemoryError, RayError, RayTaskError

from store.identity import RunConfig
from trainer.cluster import Cluster
from trainer.crew import LISTEN_SECONDS, Died
from trainer.errors import TrainingStopped
from trainer.events import Event, Failed, RunEvent
from trainer.ray_task import train_task
from trainer.worker import Job

BACKLOG = 2
"""Runs handed out beyond what fits, so that a node that is done need not wait for the driver."""
LOOK_SECONDS = 5.0
"""How old the driver's knowledge of the cluster's size may be: nodes come and go."""
_GIB = 2**30

Task = Callable[[Job, RunConfig], Iterator[Event]]
"""What is run in the cluster for each run; yields its events."""


class RayCrew:
    """The tasks of a study on a Ray cluster, as a context manager: they are cancelled when it is left."""

    max_deaths = 5
    """More than on one machine: nodes are lost, or taken away, through no fault of a run."""

    def __init__(self, job: Job, cluster: Cluster, max_runs: int | None, task: Task = train_task) -> None:
        self._job, self._cluster, self._max_runs, self._task = job, cluster, max_runs, task
        self._tasks: dict[Any, str] = {}
        """By the generator of its events: the run of each task."""
        self._exhausted = Counter[str]()
        self._room, self._looked_at = 0, -math.inf

    def room(self) -> int:
        """How many more runs can be handed out now."""
        if time.monotonic() - self._looked_at > LOOK_SECONDS:
            self._looked_at, self._room = time.monotonic(), self._places()
        return max(self._room - len(self._tasks), 0)

    def give(self, config: RunConfig) -> None:
        """Let the cluster train a run, with twice the memory for each time it ran out of it."""
        factor = 2 ** self._exhausted[config.run_id]
        options: dict[str, Any] = {"num_cpus": self._job.num_threads, "num_gpus": self._gpus * min(factor, 4)}
        options["memory"] = int(self._cluster.memory_gib * factor * _GIB)
        if options["num_gpus"] > 1:
            options["num_gpus"] = math.ceil(options["num_gpus"])
        task = self._remote.options(**options, name=config.run_id).remote(self._shared_job, config)
        self._tasks[task] = config.run_id

    def events(self) -> Iterator[RunEvent | Died]:
        """What the tasks have to tell, after waiting a while for one that has something."""
        for task in self._telling():
            run_id = self._tasks[task]
            try:
                event: RunEvent = ray.get(next(task))
            except StopIteration:
                self._tasks.pop(task)
            except RayError as error:
                self._tasks.pop(task)
                yield self._died(run_id, error)
            else:
                yield from self._heard(event)

    def _telling(self) -> list[Any]:
        """The tasks that have something to tell."""
        if not self._tasks:
            time.sleep(LISTEN_SECONDS)
        first, rest = ray.wait(list(self._tasks), num_returns=1, timeout=LISTEN_SECONDS, fetch_local=False)
        others = ray.wait(rest, num_returns=len(rest), timeout=0, fetch_local=False)[0] if first and rest else []
        return [*first, *others]

    def free(self, run_id: str) -> None:
        """A run has come to its end; so does its task."""
        for task in [task for task, its_run in self._tasks.items() if its_run == run_id]:
            del self._tasks[task]

    def _heard(self, event: RunEvent) -> Iterator[RunEvent | Died]:
        if isinstance(event, Failed) and event.exhausted and not self._exhausted[event.run_id]:
            self._exhausted[event.run_id] += 1
            self.free(event.run_id)
            yield Died(event.run_id, "had too little memory and gets more", True)
        else:
            yield event

    def _died(self, run_id: str, error: RayError) -> Died:
        if isinstance(error, OutOfMemoryError):
            self._exhausted[run_id] += 1
            return Died(run_id, "was ended for want of memory and gets more", True)
        if isinstance(error, RayTaskError):
            return Died(run_id, f"failed with {type(error.cause).__name__}: {error.cause}", True)
        return Died(run_id, f"was lost with its process or node ({type(error).__name__})", True)

    def _places(self) -> int:
        resources = _resources()
        places = [int(resources.get("CPU", 0) // self._job.num_threads)]
        places.append(int(resources.get("memory", 0) // (self._cluster.memory_gib * _GIB)))
        if self._gpus:
            places.append(int(resources.get("GPU", 0) / self._gpus))
        return min(min(places) + BACKLOG, self._max_runs or max(places) + BACKLOG)

    def __enter__(self) -> Self:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            ray.init(self._cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise TrainingStopped(
                f"The Ray cluster cannot be joined ({error}); start one with `ray start --head`, or name it with --address."
            ) from error
        gpus = self._cluster.gpus_per_run
        self._gpus = gpus if gpus is not None else float("GPU" in _resources())
        self._remote: Any = ray.remote(max_retries=0, num_returns="streaming")(self._task)
        # Once into Ray's store, not with every run.
        self._shared_job = ray.put(self._job.on("cuda" if self._gpus else "cpu"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            # Whatever it does is safe to cut short.
            ray.cancel(task, force=True)
        ray.shutdown()


def _resources() -> dict[str, float]:
    """What all nodes have together."""
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return resources
