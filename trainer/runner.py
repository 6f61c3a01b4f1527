"""A study, or a shard of it, on this machine: workers train what is missing, each run is published when it is done."""

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from store.dataset import load_dataset
from store.identity import RunConfig
from store.publish import publish_spool
from store.run import register_study, run_statuses
from store.spool import MANIFEST
from store.warehouse import Warehouse, open_warehouse
from trainer.cluster import Cluster
from trainer.crew import Crew, LocalCrew, share_devices
from trainer.device import choose_device, num_gpus, require_support
from trainer.encoding import encode
from trainer.fetch import made_once
from trainer.ledger import RunLedger
from trainer.place import Place, sweep
from trainer.plan import Plan, dataset_digest, plan_study
from trainer.progress import Display
from trainer.session import Outcome, Session
from trainer.study import Study
from trainer.worker import Job

MAX_DEFAULT_WORKERS = 8


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
    cluster: Cluster | None = None
    """Train on a Ray cluster instead of this machine."""


def run_study(study: Study, options: Options, display: Display) -> Outcome:
    """Train and publish what is missing of a study; started again, it goes on from where it was.

    Raises NotFound or Refused when the warehouse or its dataset is not there or does not fit the study, and
    TrainingStopped when no run can go on.
    """
    device = choose_device(options.device)
    if options.cluster is None:
        require_support(study, device)
    place = Place(options.spool, options.spool / "work", device)
    with open_warehouse(options.warehouse) as warehouse:
        plan = _plan(warehouse, study, options, place, display)
        if not plan.missing:
            display.say(_nothing_to_train(plan))
            return Outcome(0, 0, 0, len(plan.configs))
        display.say(f"Reading dataset '{study.dataset}'")
        # Before the study is registered: a model or vectors that cannot be loaded leave nothing behind.
        encoded = encode(study, load_dataset(warehouse, study.dataset))
        register_study(warehouse, study.name, study.configs(dataset_digest(warehouse, study)), study.to_json())
    crew = _crew(study, encoded, place, options, len(plan.missing))
    return Session(plan, RunLedger(options.warehouse, place), place, display).train(crew)


def _crew(study: Study, encoded: Path, place: Place, options: Options, num_runs: int) -> Crew:
    """Those who train: workers of this machine, or tasks of a cluster. Nothing but this differs between the engines."""
    if options.cluster is None:
        return LocalCrew(jobs_for(study, encoded, place, options, num_runs))
    from trainer.ray_crew import RayCrew  # Ray is an extra

    # A node has its own directory, and sees only what is shared; its cache is not.
    shared = Place(place.spool.absolute(), place.work.absolute(), place.device)
    copied = made_once(shared.work / "encoded" / encoded.name, partial(shutil.copytree, encoded, dirs_exist_ok=True))
    return RayCrew(Job(study, copied, shared, options.num_threads), options.cluster, options.num_workers)


def jobs_for(study: Study, encoded: Path, place: Place, options: Options, num_runs: int) -> list[Job]:
    """What each of the workers gets that train `num_runs` runs at a place, which is made ready for them."""
    place.work.mkdir(parents=True, exist_ok=True)
    default = (
        num_gpus() if place.device == "cuda" else min((os.cpu_count() or 1) // options.num_threads, MAX_DEFAULT_WORKERS)
    )
    num_workers = min(options.num_workers or max(default, 1), num_runs)
    return share_devices(Job(study, encoded, place, options.num_threads), num_workers, num_gpus())


def _plan(warehouse: Warehouse, study: Study, options: Options, place: Place, display: Display) -> Plan:
    """Publish or delete what an earlier start left, and find what is missing."""
    configs = study.configs(dataset_digest(warehouse, study))
    _publish_leftover(warehouse, configs, options.spool, display)
    statuses = run_statuses(warehouse, [config.run_id for config in configs])
    whole, plan = plan_study(study, configs, statuses), plan_study(study, configs, statuses, options.shard)
    if options.retry_failed:
        whole, plan = whole.retrying(), plan.retrying()
        for config in plan.missing:
            # What was refused once would be refused again.
            shutil.rmtree(options.spool / config.run_id, ignore_errors=True)
    sweep(place, whole.done, whole.missing)
    return plan


def _publish_leftover(warehouse: Warehouse, configs: list[RunConfig], spool: Path, display: Display) -> None:
    """Publish the runs of the study that an earlier start trained but could not publish."""
    for config in configs:
        if (spool / config.run_id / MANIFEST).exists():
            for result in publish_spool(warehouse, spool / config.run_id):
                text = (
                    f"not published: {result.refused}" if result.refused else "was in the spool, and is published now"
                )
                display.say(f"Run {result.run_id} {text}")


def _nothing_to_train(plan: Plan) -> str:
    counts = Counter(plan.status(config) for config in plan.configs)
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    retry = (
        "; --retry-failed trains those that failed or were retracted" if counts["failed"] or counts["retracted"] else ""
    )
    return f"Nothing to train in study '{plan.study}': {told}{retry}."
