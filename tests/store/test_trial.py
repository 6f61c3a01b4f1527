"""Trials: each number of a study's search is recorded once, and never mistaken for another search's."""

from dataclasses import replace

import pytest

from store.errors import Refused
from store.identity import RunConfig
from store.trial import Trial, record_trial, recorded_trials
from store.warehouse import Warehouse


def trial(number: int, value: float | None, failure: str | None = None, learning_rate: float = 0.001) -> Trial:
    settings = {"epochs": 3, "learning_rate": learning_rate, "batch_size": 16}
    config = RunConfig("tiny", "0" * 64, "bilstm", "none", 0.0, 7, settings)
    return Trial("search", number, config, "accuracy", value, failure)


def test_trials_come_back_as_they_were_recorded(warehouse: Warehouse) -> None:
    trials = [trial(0, 0.5), trial(1, None, "it diverged", 0.1), trial(3, 0.25, learning_rate=0.01)]
    assert [record_trial(warehouse, recorded) for recorded in reversed(trials)] == [True, True, True]
    assert recorded_trials(warehouse, "search") == trials
    assert recorded_trials(warehouse, "another") == []
    row = warehouse.rows("select t.* from trial as t where t.number = 1")[0]
    assert (row["trial_id"], row["status"], row["failure"]) == (trials[1].config.run_id, "failed", "it diverged")
    assert (row["dataset"], row["architecture"], row["seed"], row["value"]) == ("tiny", "bilstm", 7, None)
    assert (row["epochs"], row["learning_rate"], row["batch_size"]) == (3, 0.1, 16)


def test_a_finished_trial_stays_and_a_failed_one_gives_way(warehouse: Warehouse) -> None:
    record_trial(warehouse, trial(0, None, "it diverged"))
    assert record_trial(warehouse, trial(0, 0.75)) is True
    assert record_trial(warehouse, trial(0, 0.5)) is False
    assert record_trial(warehouse, trial(0, None, "it diverged")) is False
    assert recorded_trials(warehouse, "search") == [trial(0, 0.75)]


def test_another_search_under_the_same_name_is_refused(warehouse: Warehouse) -> None:
    record_trial(warehouse, trial(0, 0.75))
    with pytest.raises(Refused, match="Trial 0 of study 'search' is in the warehouse with another configuration"):
        record_trial(warehouse, trial(0, 0.75, learning_rate=0.5))
    record_trial(warehouse, replace(trial(0, 0.75, learning_rate=0.5), study="another"))
    assert len(recorded_trials(warehouse, "search")) == len(recorded_trials(warehouse, "another")) == 1


def test_a_trial_makes_no_file(warehouse: Warehouse) -> None:
    for number in range(3):
        record_trial(warehouse, trial(number, 0.5))
    files = warehouse.rows("select count(*) as n from ducklake_list_files('warehouse', 'trial')")
    assert files == [{"n": 0}]
