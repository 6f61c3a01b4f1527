"""Retraction: a run leaves with all its rows, may come back, and what was never there cannot be taken out."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from store.dataset import register_dataset
from store.errors import NotFound, Refused
from store.main import app
from store.publish import publish_run
from store.retract import retract_run
from store.run import register_study, run_statuses
from store.warehouse import Warehouse
from tests.made_up import made_up_dataset, run_config, spool_run

DATASET = made_up_dataset()
TABLES = ("prediction", "logit", "el2n", "mask", "epoch_metric", "evaluation", "evaluated_run")


@pytest.fixture
def warehouse(warehouse: Warehouse) -> Warehouse:
    register_dataset(warehouse, DATASET)
    return warehouse


def counts(warehouse: Warehouse, run_id: str) -> list[int]:
    return [
        warehouse.rows(f"select count(*) as n from {table} as t where t.run_id = $id", {"id": run_id})[0]["n"]
        for table in TABLES
    ]


def test_a_run_leaves_whole_and_comes_back(warehouse: Warehouse, tmp_path: Path) -> None:
    config, other = run_config(DATASET), run_config(DATASET, seed=1)
    for each in (config, other):
        publish_run(warehouse, spool_run(tmp_path, DATASET, each))
    before = counts(warehouse, config.run_id)
    assert min(before) > 0
    assert retract_run(warehouse, config.run_id) is True
    assert retract_run(warehouse, config.run_id) is False
    assert counts(warehouse, config.run_id) == [0] * len(TABLES)
    assert counts(warehouse, other.run_id) == before
    assert run_statuses(warehouse, [config.run_id]) == {config.run_id: "retracted"}
    assert publish_run(warehouse, tmp_path / config.run_id) is True
    assert counts(warehouse, config.run_id) == before
    assert run_statuses(warehouse, [config.run_id]) == {config.run_id: "published"}


def test_other_content_may_follow_a_retracted_run(warehouse: Warehouse, tmp_path: Path) -> None:
    config = run_config(DATASET)
    publish_run(warehouse, spool_run(tmp_path / "first", DATASET, config))
    other = spool_run(tmp_path / "second", DATASET, config, splits=("test",))
    with pytest.raises(Refused, match=f"pie retract {config.run_id}"):
        publish_run(warehouse, other)
    retract_run(warehouse, config.run_id)
    assert publish_run(warehouse, other) is True


def test_what_is_not_published_cannot_be_retracted(warehouse: Warehouse) -> None:
    config = run_config(DATASET)
    register_study(warehouse, "made up", [config], "{}")
    with pytest.raises(Refused, match=f"Run {config.run_id} is planned, not published"):
        retract_run(warehouse, config.run_id)
    with pytest.raises(NotFound, match="No run 'abc' in the warehouse"):
        retract_run(warehouse, "abc")


def test_the_command_says_what_it_did(warehouse: Warehouse, tmp_path: Path) -> None:
    config = run_config(DATASET)
    publish_run(warehouse, spool_run(tmp_path, DATASET, config))
    command = ["retract", config.run_id, "--warehouse", str(warehouse.location.directory)]
    first, second = (CliRunner().invoke(app, command) for _ in range(2))
    assert first.exit_code == second.exit_code == 0
    assert first.output == f"Run {config.run_id} is retracted.\n"
    assert second.output == f"Run {config.run_id} was retracted already.\n"
