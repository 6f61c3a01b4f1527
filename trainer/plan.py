"""What a study holds, what of it is there, and what is still to be trained. Needs neither torch nor the data."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.dataset import load_dataset
from store.identity import RunConfig
from store.protocol import PRUNERS, UNPRUNED
from store.warehouse import Warehouse
from trainer.errors import StudyError
from trainer.settings import Training
from trainer.study import Study
from trainer.timeline import timeline
from trainer.whereabouts import UnderWay

RETRIED = ("failed", "retracted")
Dense = tuple[str, int]


@dataclass(frozen=True)
class Plan:
    """The runs of a study, or of a shard of it, in the order in which they are trained, and their statuses."""

    study: str
    configs: tuple[RunConfig, ...]
    statuses: Mapping[str, str]
    """By run_id; a run that the warehouse does not know is planned."""

    @property
    def missing(self) -> list[RunConfig]:
        """The runs that are still to be trained."""
        return [config for config in self.configs if self.status(config) == "planned"]

    @property
    def done(self) -> list[RunConfig]:
        """The runs that are trained."""
        return [config for config in self.configs if self.status(config) in ("spooled", "published")]

    def status(self, config: RunConfig) -> str:
        return self.statuses.get(config.run_id, "planned")

    def of_pruner(self, pruner: str) -> "Plan":
        """The part of the plan with one pruner."""
        return Plan(self.study, tuple(config for config in self.configs if config.pruner == pruner), self.statuses)

    def retrying(self) -> "Plan":
        """The same plan, with the runs that failed or were retracted to be trained again."""
        kept = {run_id: status for run_id, status in self.statuses.items() if status not in RETRIED}
        return Plan(self.study, self.configs, kept)

    def to_json(self, running: Mapping[str, UnderWay] | None = None) -> dict[str, Any]:
        """The plan as JSON values: counts, epochs, and every run; of those that are `running`, where and how far."""
        whole, left = Epochs.of(self.configs), Epochs.of(self.missing)
        return {
            "study": self.study,
            "num_runs": len(self.configs),
            "num_by_status": dict(Counter(map(self.status, self.configs))),
            "num_epochs": whole.alone,
            "num_epochs_saved": whole.saved,
            "num_epochs_to_train": left.shared,
            "runs": [self._run_json(config, (running or {}).get(config.run_id)) for config in self.configs],
        }

    def _run_json(self, config: RunConfig, running: UnderWay | None) -> dict[str, Any]:
        described = {
            "run_id": config.run_id,
            "pruner": config.pruner,
            "sparsity": config.sparsity,
            "seed": config.seed,
            "num_epochs": num_epochs(config),
            "status": self.status(config),
        }
        return described | {"where": running.where, "epoch": running.epoch} if running else described


@dataclass(frozen=True)
class Epochs:
    """The epochs of some runs: each trained alone, and how many are saved as the dense epochs of a seed are shared."""

    alone: int
    saved: int

    @property
    def shared(self) -> int:
        return self.alone - self.saved

    @classmethod
    def of(cls, configs: Iterable[RunConfig]) -> "Epochs":
        alone, saved, trained = 0, 0, set[Dense]()
        for config in configs:
            alone += num_epochs(config)
            if needs_dense(config) and dense_of(config) in trained:
                saved += Training.of(config).epochs
            elif needs_dense(config):
                trained.add(dense_of(config))
        return cls(alone, saved)


def plan_study(
    study: Study, configs: Sequence[RunConfig], statuses: Mapping[str, str], shard: tuple[int, int] | None = None
) -> Plan:
    """The plan of a study whose runs have these configurations, or of shard (i, n) of it."""
    return Plan(study.name, tuple(of_shard(configs, *shard) if shard else configs), statuses)


def dataset_digest(warehouse: Warehouse, study: Study) -> str:
    """The digest of a study's dataset in the warehouse.

    Raises NotFound, listing the datasets that are there, and StudyError when the training set is a cut one and the study
    does not say so.
    """
    found = warehouse.rows(
        """
        select d.digest, exists(from cut_train as c where c.dataset = d.dataset) as train_is_cut
        from dataset as d
        where d.dataset = $name
        """,
        {"name": study.dataset},
    )
    if not found:
        return load_dataset(warehouse, study.dataset).digest
    if found[0]["train_is_cut"] and not study.cut_train:
        raise StudyError(
            f"The training set of '{study.dataset}' was cut from its validation set, for want of the official one; "
            f"write cut_train = true in study '{study.name}' to train on it, or add the official files."
        )
    return str(found[0]["digest"])


def needs_dense(config: RunConfig) -> bool:
    """Whether a run begins with the dense epochs of its seed."""
    return config.pruner == UNPRUNED or PRUNERS[config.pruner].schedule == "iterative"


def dense_of(config: RunConfig) -> Dense:
    """What names the dense epochs that a run may share with others: its recipe and its seed."""
    return config.recipe_id, config.seed


def num_epochs(config: RunConfig) -> int:
    """The epochs of a run trained alone."""
    training = Training.of(config)
    return timeline(config.pruner, training.epochs, training.record).num_epochs


def of_shard(configs: Sequence[RunConfig], index: int, count: int) -> list[RunConfig]:
    """The runs of one of `count` shards: disjoint, complete, neighbours in the plan, about equal in epochs.

    Neighbours, so that the runs of a seed, which share epochs, mostly fall to one shard. It depends on the study
    alone, so that shards may start at any time.
    """
    total, before, chosen = sum(map(num_epochs, configs)), 0, []
    for config in configs:
        middle = 2 * before + num_epochs(config)
        if middle * count // (2 * total) == index % count:
            chosen.append(config)
        before += num_epochs(config)
    return chosen


def parse_shard(text: str) -> tuple[int, int]:
    """`I/N` as (I, N). I may count from 0 or from 1: shard N/N is shard 0/N. Raises StudyError."""
    index, slash, count = text.partition("/")
    if (
        not (slash and index.isascii() and count.isascii() and index.isdigit() and count.isdigit())
        or not 0 <= int(index) <= int(count)
        or int(count) == 0
    ):
        raise StudyError(f"--shard {text} is not I/N with N shards and I from 0 to N; write --shard 1/4, for example.")
    return int(index), int(count)
