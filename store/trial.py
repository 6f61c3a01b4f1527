"""Trials: what a search of hyperparameters tried, and what came of it; each number of a study's search once."""

import json
from dataclasses import dataclass
from typing import Literal

from store.errors import Refused
from store.identity import RunConfig
from store.warehouse import Warehouse


@dataclass(frozen=True)
class Trial:
    """One trial of a study's search: a training of the unpruned model, and its score on the validation set."""

    study: str
    number: int
    config: RunConfig
    """Its `settings` have the hyperparameters: epochs, learning_rate and batch_size."""
    metric: str
    value: float | None
    """The metric after the last epoch, None when the trial failed."""
    failure: str | None = None

    @property
    def status(self) -> Literal["finished", "failed"]:
        return "failed" if self.value is None else "finished"


def record_trial(warehouse: Warehouse, trial: Trial) -> bool:
    """Record what came of a trial; a failed one may be recorded anew. Returns False when it was finished already.

    Raises Refused when the warehouse has that number of the study's search with another configuration.
    """
    names = {"study": trial.study, "number": trial.number}
    with warehouse.transaction(f"trial {trial.number} of study {trial.study}"):
        for there in _trials(warehouse, trial.study, trial.number):
            require_same_search(there, trial.config)
            if there.status == "finished":
                return False
        warehouse.execute("delete from trial where study = $study and number = $number", names)
        warehouse.execute(
            """
            insert into trial values (
                $study, $number, $trial_id, $dataset, $architecture, $seed, $epochs, $learning_rate, $batch_size,
                $metric, $value, $status, $failure, $config, now()::timestamp
            )
            """,
            names | _values(trial),
        )
    return True


def recorded_trials(warehouse: Warehouse, study: str) -> list[Trial]:
    """The trials of a study that are finished or failed, by number; none of a study that was not tuned."""
    return _trials(warehouse, study, None)


def require_same_search(there: Trial, config: RunConfig) -> None:
    """Raise Refused when a recorded trial is not the one that its study would make today under its number."""
    if there.config != config:
        raise Refused(
            f"Trial {there.number} of study '{there.study}' is in the warehouse with another configuration "
            f"({there.config.run_id}, not {config.run_id}): the dataset, the study or its ranges were changed since. "
            "Give the changed study another name."
        )


def _trials(warehouse: Warehouse, study: str, number: int | None) -> list[Trial]:
    rows = warehouse.rows(
        """
        select t.study, t.number, t.config, t.metric, t.value, t.failure
        from trial as t
        where t.study = $study and t.number = coalesce($number, t.number)
        order by t.number
        """,
        {"study": study, "number": number},
    )
    return [Trial(**row | {"config": RunConfig.from_json(json.loads(row["config"]))}) for row in rows]


def _values(trial: Trial) -> dict[str, object]:
    config = trial.config
    return {
        "trial_id": config.run_id,
        "dataset": config.dataset,
        "architecture": config.architecture,
        "seed": config.seed,
        **{name: config.settings[name] for name in ("epochs", "learning_rate", "batch_size")},
        "metric": trial.metric,
        "value": trial.value,
        "status": trial.status,
        "failure": trial.failure,
        "config": json.dumps(config.to_json(), sort_keys=True),
    }
