"""A run's identity never changes: what is published under it must stay findable."""

import dataclasses

import pytest

from store.errors import Refused
from store.identity import RunConfig

CONFIG = RunConfig(
    "imdb", "0" * 64, "bert", "IMP-WR", 0.9, 7, {"epochs": 3, "learning_rate": 0.00003, "batch_size": 32}
)


def test_identity_is_pinned() -> None:
    assert CONFIG.run_id == "1225443bc45f"
    assert CONFIG.recipe_id == "79efe2b5035a"


def test_order_of_settings_does_not_matter() -> None:
    turned = dataclasses.replace(CONFIG, settings=dict(reversed(CONFIG.settings.items())))
    assert turned.run_id == CONFIG.run_id


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "snli"},
        {"dataset_digest": "1" * 64},
        {"architecture": "bilstm"},
        {"settings": {}},
        {"protocol_version": 2},
    ],
)
def test_what_the_recipe_holds_changes_both(change: dict[str, object]) -> None:
    other = dataclasses.replace(CONFIG, **change)  # type: ignore[arg-type]
    assert other.run_id != CONFIG.run_id and other.recipe_id != CONFIG.recipe_id


@pytest.mark.parametrize("change", [{"pruner": "MP-AI"}, {"sparsity": 0.99}, {"seed": 8}])
def test_runs_of_one_recipe_differ_in_pruner_sparsity_seed(change: dict[str, object]) -> None:
    other = dataclasses.replace(CONFIG, **change)  # type: ignore[arg-type]
    assert other.run_id != CONFIG.run_id and other.recipe_id == CONFIG.recipe_id


def test_json_round_trip() -> None:
    assert RunConfig.from_json(CONFIG.to_json()) == CONFIG


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pruner": "IRP-WR"}, "Unknown pruner 'IRP-WR'; the pruners are none, IIBP-WR"),
        ({"sparsity": 90}, "Sparsity 90 of pruner 'IMP-WR' is not between 0 and 1; write 0.9 for 90 %."),
        ({"sparsity": 0.0}, "Sparsity 0.0 of pruner 'IMP-WR' is not between 0 and 1"),
        ({"pruner": "none"}, "An unpruned run has sparsity 0, not 0.9"),
        ({"seed": -1}, "Seed -1 is negative"),
    ],
)
def test_impossible_runs_are_refused(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        dataclasses.replace(CONFIG, **change)  # type: ignore[arg-type]
