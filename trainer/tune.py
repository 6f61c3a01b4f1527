"""`pie tune`: random search over a study's ranges of hyperparameters, each trial recorded in the warehouse.

Source: appendix A.3 and table 8 of the paper (random search, 100 trials, on validation accuracy or macro F1).
A trial is a run of the unpruned model with the study's first seed. Its hyperparameters come of that seed and its
number alone, so that a search goes on from the trials that are there, in whatever order they were trained.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import pyarrow.parquet as pq
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from store.dataset import load_dataset
from store.identity import RunConfig
from store.protocol import METRIC_OF_TASK, Task
from store.spool import read_manifest, write_aside
from store.trial import Trial, record_trial, recorded_trials, require_same_search
from store.warehouse import Warehouse, open_warehouse
from trainer.crew import LocalCrew
from trainer.device import choose_device, require_support
from trainer.encoding import encode
from trainer.errors import StudyError
from trainer.events import Spooled
from trainer.ledger import Entry
from trainer.place import Place
from trainer.plan import Plan, dataset_digest
from trainer.progress import Display
from trainer.runner import Options, jobs_for
from trainer.session import Outcome, Session
from trainer.settings import Recording
from trainer.streams import derive
from trainer.study import Ranges, Study
from trainer.study_text import study_text

RECORDING = Recording(test_logits=False, train_predictions=False, el2n="never", metrics="recorded")
"""Of a trial only its score on the validation set is wanted."""
STATUS_OF_TRIAL = {"finished": "published", "failed": "failed"}
"""What a run of a trial's status is called in a plan."""


@dataclass(frozen=True)
class Search:
    """What a search has come to: its trials so far, by number, and what this start added to them."""

    study: Study
    trials: Sequence[Trial]
    outcome: Outcome

    @property
    def ranking(self) -> list[Trial]:
        """The finished trials, the best one first; of equal ones that with the lowest number."""
        finished = [trial for trial in self.trials if trial.value is not None]
        return sorted(finished, key=lambda trial: (-(trial.value or 0.0), trial.number))


def tune_study(study: Study, options: Options, display: Display) -> Search:
    """Train and record the trials that are missing of a study's search; started again, it goes on from where it was.

    Raises StudyError when the study has no ranges or its dataset no validation split, Refused when the warehouse has
    trials of another search under the study's name, TrainingStopped when no trial can go on.
    """
    ranges = _ranges(study)
    device = choose_device(options.device)
    require_support(study, device)
    place = Place(options.spool / "tune", options.spool / "tune" / "work", device)
    outcome = Outcome(0, 0, 0, ranges.num_trials)
    with open_warehouse(options.warehouse) as warehouse:
        config_of = partial(trial_config, study, ranges, dataset_digest(warehouse, study))
        configs = [config_of(number) for number in range(ranges.num_trials)]
        plan = _plan(study, configs, _recorded(warehouse, study, config_of), retry_failed=options.retry_failed)
        dataset = load_dataset(warehouse, study.dataset) if plan.missing else None
    if dataset:
        if "validation" not in dataset.splits:
            raise StudyError(f"Dataset '{study.dataset}' has no validation split, on which trials are compared.")
        jobs = jobs_for(study, encode(study, dataset), place, options, len(plan.missing))
        ledger = TrialLedger(options.warehouse, place, study.name, configs, dataset.task)
        outcome = Session(plan, ledger, place, display).train(LocalCrew(jobs))
    with open_warehouse(options.warehouse, read_only=True) as warehouse:
        # An earlier start may have had more trials: they count too.
        return Search(study, _recorded(warehouse, study, config_of), outcome)


def trial_config(study: Study, ranges: Ranges, dataset_digest: str, number: int) -> RunConfig:
    """The configuration of one trial."""
    sampled = sample(ranges, study.seeds[0], number)
    fixed = {"seeds": study.seeds[:1], "pruners": (), "sparsities": (), "record": RECORDING}
    return study.model_copy(update=sampled | fixed).configs(dataset_digest)[0]


def sample(ranges: Ranges, seed: int, number: int) -> dict[str, Any]:
    """The hyperparameters of a trial: epochs uniformly, the learning rate uniformly on a logarithmic scale."""
    distributions: dict[str, BaseDistribution] = {
        "epochs": IntDistribution(*ranges.epochs),
        "learning_rate": FloatDistribution(*ranges.learning_rate, log=True),
    }
    if ranges.batch_sizes:
        distributions["batch_size"] = CategoricalDistribution(ranges.batch_sizes)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # A sampler of its own for each trial, so that none depends on how many were drawn before.
    sampler = optuna.samplers.RandomSampler(seed=derive(seed, "trial", number) % 2**32)
    return optuna.create_study(sampler=sampler).ask(distributions).params


class TrialLedger:
    """The trials of a study: recorded with their score, or with the reason why they failed."""

    def __init__(
        self, warehouse: str | None, place: Place, study: str, configs: Sequence[RunConfig], task: Task
    ) -> None:
        self._warehouse, self._place, self._metric = warehouse, place, METRIC_OF_TASK[task]
        self._trials: dict[str, list[Trial]] = {}
        """By run_id; narrow ranges may give several numbers the same hyperparameters, which are trained once."""
        for number, config in enumerate(configs):
            self._trials.setdefault(config.run_id, []).append(Trial(study, number, config, self._metric, None))

    def enter(self, spooled: Sequence[Spooled]) -> list[Entry]:
        with open_warehouse(self._warehouse) as warehouse:
            return [self._enter(warehouse, event) for event in spooled]

    def enter_failure(self, run_id: str, why: str) -> None:
        with open_warehouse(self._warehouse) as warehouse:
            for trial in self._trials[run_id]:
                record_trial(warehouse, replace(trial, failure=why))

    def _enter(self, warehouse: Warehouse, event: Spooled) -> Entry:
        path = self._place.spool / event.run_id
        value = validation_score(path, self._metric)
        for trial in self._trials[event.run_id]:
            record_trial(warehouse, replace(trial, value=value))
        shutil.rmtree(path)
        return Entry(event.run_id, f"validation {self._metric} {value:.4f}, trained in {event.seconds:.0f} s")


def validation_score(path: Path, metric: str) -> float:
    """The metric of a spooled run on the validation set after its last epoch."""
    manifest = read_manifest(path)
    files = [path / file.name for file in manifest.files if file.table == "epoch_metric"]
    scores: Mapping[tuple[int, str, str], float] = {
        (row["epoch"], row["split"], row["metric"]): row["value"]
        for file in files
        for row in pq.read_table(file).to_pylist()
    }
    return scores[manifest.summary.last_epoch, "validation", metric]


def write_tuned(search: Search, file: Path) -> Study:
    """Write the study with the best hyperparameters to a file that `pie plan` and `pie train` read; returns that study.

    Its name is the study's with `-tuned` behind it: as a study of other settings it needs one of its own.
    Raises StudyError when no trial was finished.
    """
    if not search.ranking:
        raise StudyError(
            f"No trial of study '{search.study.name}' was finished; "
            'see why with: pie sql "select number, failure from trial".'
        )
    best = search.ranking[0]
    found = {name: best.config.settings[name] for name in ("epochs", "learning_rate", "batch_size")}
    tuned = search.study.model_copy(update=found | {"name": f"{search.study.name}-tuned"})
    told = (
        f"Study {search.study.name} with the best of {len(search.trials)} trials, "
        f"number {best.number}: validation {best.metric} {best.value:.4f}."
    )
    try:
        write_aside(file, study_text(tuned, told).encode())
    except OSError as error:
        raise StudyError(f"Cannot write '{file}': {error.strerror}; name another file with --output.") from error
    return tuned


def _ranges(study: Study) -> Ranges:
    if study.tune is None:
        raise StudyError(
            f"Study '{study.name}' has no table [tune], so there is nothing to search; "
            "give it one, for example: [tune], epochs = [5, 15], learning_rate = [2e-5, 2e-4]."
        )
    return study.tune


def _recorded(warehouse: Warehouse, study: Study, config_of: Callable[[int], RunConfig]) -> list[Trial]:
    """The trials of a study's search that are recorded. Raises Refused when they are of another search of its name."""
    trials = recorded_trials(warehouse, study.name)
    for trial in trials:
        require_same_search(trial, config_of(trial.number))
    return trials


def _plan(study: Study, configs: Sequence[RunConfig], recorded: Sequence[Trial], *, retry_failed: bool) -> Plan:
    """What is missing of a search, as a plan of runs."""
    statuses = {trial.config.run_id: STATUS_OF_TRIAL[trial.status] for trial in recorded}
    there = {trial.number for trial in recorded}
    for number, config in enumerate(configs):
        if number not in there:
            # Narrow ranges may give it the hyperparameters of another number: it needs a row of its own.
            statuses.pop(config.run_id, None)
    plan = Plan(study.name, tuple({config.run_id: config for config in configs}.values()), statuses)
    return plan.retrying() if retry_failed else plan
