"""A study, or a shard of it, on this machine: workers train what is missing, each run is published when it is done."""

import os
import shutil
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from store.dataset import load_dataset
from store.identity import RunConfig
from store.publish import PublishResult, publish_spool
from store.run import mark_failed, register_study, run_statuses
from store.spool import MANIFEST
from store.warehouse import Warehouse, open_warehouse
from trainer.agenda import Agenda
from trainer.crew import Crew, Died, share_devices
from trainer.device import choose_device, num_gpus
from trainer.encoding import encode
from trainer.errors import TrainingStopped
from trainer.events import DenseReady, Failed, RunEvent, Skipped, Spooled, Step, Stopped
from trainer.plan import Epochs, Plan, dataset_digest, plan_study
from trainer.progress import Display
from trainer.study import Study
from trainer.training_run import Place, discard_dense
from trainer.worker import Job

MAX_DEATHS = 2
"""How often a run's worker may die before the run counts as failed."""
MAX_DEFAULT_WORKERS = 8
PUBLISH_SECONDS = 2.0
"""How long a spooled run may wait to be published together with others."""


@dataclass(frozen=True)
class Options:
    """Where and how a study is trained; nothing here changes what comes of it."""

    warehouse: str | None = None
    spool: Path = Path("spool")
    num_workers: int | None = None
    """As many as there are cores (at most 8) or GPUs when not given."""
    num_threads: int = 1
    shard: tuple[int, int] | None = None
    device: str = "auto"
    retry_failed: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of the runs of a study, or of a shard: how many were published, failed and left now, and were there before."""

    num_published: int
    num_failed: int
    num_left: int
    num_there: int


def run_study(study: Study, options: Options, display: Display) -> Outcome:
    """Train and publish what is missing of a study; started again, it goes on from where it was.

    Raises NotFound or Refused when the warehouse or its dataset is not there or does not fit the study, and
    TrainingStopped when no run can go on.
    """
    device = choose_device(options.device)
    with open_warehouse(options.warehouse) as warehouse:
        plan = _plan(warehouse, study, options, display)
        if not plan.missing:
            display.say(_nothing_to_train(plan))
            return Outcome(0, 0, 0, len(plan.configs))
        display.say(f"Reading dataset '{study.dataset}'")
        # Before the study is registered: a model or vectors that cannot be loaded leave nothing behind.
        encoded = encode(study, load_dataset(warehouse, study.dataset))
        register_study(warehouse, study.name, study.configs(dataset_digest(warehouse, study.dataset)), study.to_json())
    place = Place(options.spool, options.spool / "work", device)
    place.work.mkdir(parents=True, exist_ok=True)
    job = Job(study, encoded, place, options.num_threads)
    default = num_gpus() if device == "cuda" else min((os.cpu_count() or 1) // options.num_threads, MAX_DEFAULT_WORKERS)
    num_workers = min(options.num_workers or max(default, 1), len(plan.missing))
    session = Session(plan, options, place, display)
    return session.train(share_devices(job, num_workers, num_gpus()))


class Session:
    """One start of `pie train`: the runs it still has to train, and what became of those it had."""

    def __init__(self, plan: Plan, options: Options, place: Place, display: Display) -> None:
        self._options, self._place, self._display = options, place, display
        self._configs = {config.run_id: config for config in plan.missing}
        self._agenda = Agenda(plan.missing)
        self._deaths = Counter[str]()
        self._startup_deaths = 0
        self._spooled: list[Spooled] = []
        self._published_at = time.monotonic()
        self._counts = Counter[str]()
        self._num_there = len(plan.configs) - len(plan.missing)

    def train(self, jobs: list[Job]) -> Outcome:
        """Train every run of the agenda."""
        self._display.begin(len(self._configs), Epochs.of(self._configs.values()).shared)
        try:
            with Crew(jobs) as crew:
                while len(self._agenda):
                    self._hand_out(crew)
                    for event in crew.events():
                        self._handle(event, crew)
                    if time.monotonic() - self._published_at > PUBLISH_SECONDS:
                        self._publish()
            self._publish()
        finally:
            self._display.end()
        counts = self._counts
        return Outcome(counts["published"], counts["failed"], counts["skipped"], self._num_there)

    def _hand_out(self, crew: Crew) -> None:
        for worker in crew.idle():
            config = self._agenda.next()
            if config is None:
                break
            crew.give(worker, config)

    def _handle(self, event: RunEvent | Died, crew: Crew) -> None:
        match event:
            case Step():
                self._display.step(self._configs[event.run_id], event)
                return
            case DenseReady(run_id):
                self._agenda.dense_ready(run_id)
                return
            case Stopped(why):
                raise TrainingStopped(f"Training stopped: {why}")
            case Died(run_id, how, ready):
                if not ready:
                    self._startup_failed(how)
                if run_id is None:
                    return
                self._worker_died(run_id, how)
            case Spooled(run_id):
                self._spooled.append(event)
                self._agenda.done(run_id)
            case Failed(run_id, why, dense):
                self._fail(run_id, why, dense=dense)
            case Skipped(run_id):
                self._end(run_id, "skipped", "another process is training it")
        crew.free(run_id)
        self._discard_dense(run_id)

    def _publish(self) -> None:
        """Publish the runs that were spooled since the last time: several together, as opening takes longer than publishing."""
        self._published_at = time.monotonic()
        if self._spooled:
            results: list[tuple[Spooled, PublishResult]] = []
            with open_warehouse(self._options.warehouse) as warehouse:
                for event in self._spooled:
                    results += [
                        (event, result) for result in publish_spool(warehouse, self._place.spool / event.run_id)
                    ]
            self._spooled.clear()
            for event, result in results:
                if result.refused:
                    self._fail(event.run_id, str(result.refused), dense=False)
                else:
                    self._end(event.run_id, "published", _told(event))

    def _fail(self, run_id: str, why: str, *, dense: bool) -> None:
        """Record a failed run, and those that would fail as it did."""
        failed = [run_id]
        if dense:
            failed += [config.run_id for config in self._agenda.drop_dependents(self._configs[run_id].seed)]
        for failed_id in failed:
            with open_warehouse(self._options.warehouse) as warehouse:
                mark_failed(warehouse, failed_id, why)
            self._end(failed_id, "failed", f"failed: {why}")

    def _startup_failed(self, how: str) -> None:
        """A worker died before it could train: when they keep doing so, no run is to blame."""
        self._startup_deaths += 1
        if self._startup_deaths > MAX_DEATHS:
            raise TrainingStopped(
                f"Training stopped: its workers cannot start, the last one {how}; see what it said above."
            )

    def _worker_died(self, run_id: str, how: str) -> None:
        self._deaths[run_id] += 1
        if self._deaths[run_id] < MAX_DEATHS:
            self._display.say(f"A worker {how}; its run {run_id} goes on from where it was.")
            self._agenda.put_back(run_id)
        else:
            self._fail(run_id, f"Its worker {how}, {MAX_DEATHS} times.", dense=False)

    def _end(self, run_id: str, outcome: str, text: str) -> None:
        self._counts[outcome] += 1
        self._agenda.done(run_id)
        self._display.run_done(self._configs[run_id], text)

    def _discard_dense(self, run_id: str) -> None:
        if not self._agenda.dense_needed(self._configs[run_id].seed):
            discard_dense(self._place, self._configs[run_id])


def _plan(warehouse: Warehouse, study: Study, options: Options, display: Display) -> Plan:
    """Publish what an earlier start left in the spool, and find what is missing."""
    configs = study.configs(dataset_digest(warehouse, study.dataset))
    _publish_leftover(warehouse, configs, options.spool, display)
    plan = plan_study(study, configs, run_statuses(warehouse, [config.run_id for config in configs]), options.shard)
    if not options.retry_failed:
        return plan
    for config in plan.retrying().missing:
        # What was refused once would be refused again.
        shutil.rmtree(options.spool / config.run_id, ignore_errors=True)
    return plan.retrying()


def _publish_leftover(warehouse: Warehouse, configs: list[RunConfig], spool: Path, display: Display) -> None:
    """Publish the runs of the study that an earlier start trained but could not publish."""
    for config in configs:
        if (spool / config.run_id / MANIFEST).exists():
            for result in publish_spool(warehouse, spool / config.run_id):
                text = (
                    f"not published: {result.refused}" if result.refused else "was in the spool, and is published now"
                )
                display.say(f"Run {result.run_id} {text}")


def _told(event: Spooled) -> str:
    scores = [f"{split} {name} {value:.3f}" for (split, name), value in event.metrics.items() if split == "test"]
    return ", ".join([f"trained in {event.seconds:.0f} s", *scores])


def _nothing_to_train(plan: Plan) -> str:
    counts = Counter(plan.status(config) for config in plan.configs)
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    retry = (
        "; --retry-failed trains those that failed or were retracted" if counts["failed"] or counts["retracted"] else ""
    )
    return f"Nothing to train in study '{plan.study}': {told}{retry}."
