"""Stored answers are what would be computed, whatever was published, retracted and published again."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.answers import STORED_TABLES, Variant, store_answers, store_due_answers
from store.dataset import Dataset, register_dataset
from store.identity import RunConfig
from store.protocol import Task
from store.publish import publish_run
from store.retract import retract_run
from store.run import mark_failed, register_study
from store.spool import RunSummary, RunWriter
from store.warehouse import Warehouse, open_warehouse
from tests.made_up import made_up_dataset, run_config

VIEWS = (
    "majority",
    "majority_pair",
    "pie",
    "pie_rate",
    "effectiveness",
    "accuracy",
    "effectiveness_on_pies_of_run",
    "effectiveness_on_pies",
    "class_distribution",
    "influence",
    "influence_bin",
    "readability_ratio",
)
GRID = (("none", 0.0), ("IMP-FT", 0.5), ("RP-AI", 0.9))
SEEDS = (0, 1)
_FORGET = (
    *(f"delete from {table}" for table in STORED_TABLES),
    "delete from stored_influence",
    "delete from stored_influence_recipe",
    "update evaluated_run set value = null",
)


class _Undo(Exception):
    """Ends a transaction without a trace."""


def dataset_of(task: Task) -> Dataset:
    return made_up_dataset(f"tiny {task}", task, sizes={"train": 24, "test": 8})


def publish(warehouse: Warehouse, spool: Path, dataset: Dataset, config: RunConfig, content: int) -> None:
    """Publish a run whose outputs are drawn from `content`."""
    writer = RunWriter(spool / str(content), config, study="made up", task=dataset.task)
    random = np.random.default_rng(content)
    threshold = 0.5 if dataset.task == "multi_label" else None
    for split, examples in dataset.splits.items():
        logits_NC = random.normal(size=(len(examples), len(dataset.class_names)))
        writer.record_outputs(split, 1, logits_NC, threshold=threshold, keep_logits=False)
    if config.pruner == "none":
        writer.record_el2n(1, random.random(len(dataset.splits["train"])))
    publish_run(warehouse, writer.finish(RunSummary(last_epoch=1, threshold=threshold)))


def answers(warehouse: Warehouse, schema: str = "main") -> dict[str, list[tuple[Any, ...]]]:
    """What every concept view says, its rows in a fixed order; of schema `stored`, those views that are there."""
    there = {
        row["view_name"]
        for row in warehouse.rows(
            "select view_name from duckdb_views() where database_name = 'warehouse' and schema_name = $schema",
            {"schema": schema},
        )
    }
    return {
        view: sorted(
            (tuple(row.values()) for row in warehouse.rows(f"select * from {schema}.{view}")),
            key=lambda row: [repr(value) for value in row if not isinstance(value, float) or value == round(value, 3)],
        )
        for view in VIEWS
        if view in there
    }


def computed_answers(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """The same, as if nothing was stored."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with suppress(_Undo), warehouse.transaction("forget what is stored"):
        for statement in _FORGET:
            warehouse.execute(statement)
        found = answers(warehouse)
        raise _Undo
    return found


def assert_same(found: dict[str, list[tuple[Any, ...]]], expected: dict[str, list[tuple[Any, ...]]]) -> None:
    for view, rows in expected.items():
        assert len(found[view]) == len(rows), view
        for row, other in zip(found[view], rows, strict=True):
            for value, other_value in zip(row, other, strict=True):
                close = pytest.approx(other_value, rel=1e-9) if isinstance(other_value, float) else other_value
                assert value == close, f"{view}: {row} is not {other}"


def num_stored(warehouse: Warehouse) -> int:
    return int(warehouse.rows("select count(*) as n from stored_comparison")[0]["n"])


def assert_stored_once(warehouse: Warehouse) -> None:
    """Each stored comparison has the rows of its examples once, and no other comparison has any."""
    stored = {
        row["id"]: row["n"]
        for row in warehouse.rows("select comparison_id as id, num_examples as n from stored_comparison")
    }
    rows = warehouse.rows(
        "select comparison_id as id, count(*) as n, count(distinct example_id) as d from stored_majority group by 1"
    )
    assert {row["id"]: row["n"] for row in rows} == stored and all(row["n"] == row["d"] for row in rows)
    for table in STORED_TABLES:
        ids = {row["id"] for row in warehouse.rows(f"select distinct comparison_id as id from {table}")}
        assert ids <= stored.keys(), table


Event = tuple[str, int, int]
"""publish or retract, and which variant and seed."""

EVENTS = st.lists(
    st.tuples(st.sampled_from(["publish", "publish", "retract"]), st.integers(0, 2), st.sampled_from(SEEDS)),
    min_size=2,
    max_size=4,
)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(task=st.sampled_from(["single_label", "multi_label"]), events=EVENTS)
def test_stored_answers_are_the_computed_ones(
    tmp_path_factory: pytest.TempPathFactory, task: Task, events: Sequence[Event]
) -> None:
    dataset, spool = dataset_of(task), tmp_path_factory.mktemp("history")
    with open_warehouse(spool / "warehouse", create=True) as warehouse:
        register_dataset(warehouse, dataset)
        configs = {(v, s): run_config(dataset, *GRID[v], seed=s) for v in range(3) for s in SEEDS}
        register_study(warehouse, "made up", list(configs.values()), "{}")
        published = set()
        # All but the last seed of the last variant: the history decides whether that one becomes complete.
        for content, key in enumerate(list(configs)[:-1]):
            publish(warehouse, spool, dataset, configs[key], content)
            published.add(key)
        assert num_stored(warehouse) == 2
        for content, (event, variant, seed) in enumerate([*events, ("publish", 2, 1)], start=100):
            key = (variant, seed)
            if event == "publish" and key not in published:
                publish(warehouse, spool, dataset, configs[key], content)
                published.add(key)
            elif event == "retract" and key in published:
                retract_run(warehouse, configs[key].run_id)
                published.remove(key)
        seeds = {row["pruner"]: row["seeds"] for row in warehouse.rows("select * from comparison where split = 'test'")}
        for number, (pruner, _) in enumerate(GRID[1:], start=1):
            common = [s for s in SEEDS if (0, s) in published and (number, s) in published]
            assert seeds.get(pruner, []) == common
        assert_stored_once(warehouse)
        computed = computed_answers(warehouse)
        assert_same(answers(warehouse), computed)
        store_due_answers(warehouse)
        assert num_stored(warehouse) == 2 * sum(bool(common) for common in seeds.values())
        assert_stored_once(warehouse)
        assert_same(answers(warehouse), computed)
        whole = answers(warehouse, "stored")
        assert_same(whole, {view: computed[view] for view in whole if view not in ("effectiveness", "accuracy")})


@pytest.fixture
def complete(warehouse: Warehouse, tmp_path: Path) -> Warehouse:
    """A warehouse with a planned study of one pruned variant, all runs published, nothing stored."""
    dataset = dataset_of("single_label")
    register_dataset(warehouse, dataset)
    configs = [run_config(dataset, *variant, seed=seed) for variant in GRID[:2] for seed in SEEDS]
    for content, config in enumerate(configs):
        publish(warehouse, tmp_path, dataset, config, content)
    assert num_stored(warehouse) == 0, "a variant that no study planned may still grow"
    register_study(warehouse, "made up", configs, "{}")
    return warehouse


def test_two_that_finish_a_variant_at_once_store_it_once(complete: Warehouse) -> None:
    variant = Variant(run_config(dataset_of("single_label")).recipe_id, *GRID[1])
    ready = threading.Barrier(3)
    stored: list[bool] = []

    def store() -> None:
        with open_warehouse(complete.location.directory) as opened:
            ready.wait()
            stored.append(store_answers(opened, variant))

    threads = [threading.Thread(target=store) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stored) == [False, False, True]
    assert_stored_once(complete)


def test_a_failed_run_is_not_waited_for_and_a_planned_one_is(complete: Warehouse, tmp_path: Path) -> None:
    dataset = dataset_of("single_label")
    late = run_config(dataset, *GRID[1], seed=2)
    register_study(complete, "made up", [late], "{}")
    assert store_due_answers(complete) == 0
    mark_failed(complete, late.run_id, "out of memory")
    assert store_due_answers(complete) == 1 and num_stored(complete) == 2
    assert store_due_answers(complete) == 0
    for seed, config in enumerate([late, run_config(dataset, seed=2)], start=7):
        publish(complete, tmp_path, dataset, config, seed)
    assert [row["num_seeds"] for row in complete.rows("select * from stored.pie_rate")] == [3, 3]
    assert_stored_once(complete)
    assert_same(answers(complete), computed_answers(complete))


def test_only_what_is_asked_about_decides_whether_stored_answers_suffice(complete: Warehouse) -> None:
    def names_stored_views() -> bool:
        return bool(complete.rows("select 1 where current_schema() = 'stored'"))

    with complete.answering(None, None):
        assert not names_stored_views()
    with complete.answering(["another dataset"], None):
        assert names_stored_views()
    store_due_answers(complete)
    with complete.answering(None, ["bilstm"]):
        assert names_stored_views()
    assert not names_stored_views()


def test_exact_means_and_deviations_are_the_same_in_any_order(warehouse: Warehouse) -> None:
    of_fractions = "exact_mean(n.x) as mean, exact_std(n.x, 1) as std, exact_std(n.x, 0) as std_of_all"
    sums = "count(n.x), sum(n.x), sum(n.x * n.x)"
    of_whole = f"exact_mean(n.x) as mean, deviation_of({sums}, 1) as std, deviation_of({sums}, 0) as std_of_all"
    random = np.random.default_rng(0)
    for numbers_N, selected in (
        (random.random(7000).astype(np.float32), of_fractions),
        (random.integers(1, 2754, 7000), of_whole),
    ):
        sql = f"with number as (select unnest($numbers) as x) select {selected} from number as n"
        found = set()
        for _ in range(3):
            random.shuffle(numbers_N)
            found |= {tuple(row.values()) for row in warehouse.rows(sql, {"numbers": numbers_N.tolist()})}
        (exact,) = found
        expected = (
            np.mean(numbers_N, dtype=float),
            np.std(numbers_N, ddof=1, dtype=float),
            np.std(numbers_N, dtype=float),
        )
        assert exact == pytest.approx(expected, rel=1e-12)
    sql = f"with number as (select unnest($numbers) as x) select {of_fractions} from number as n"
    assert warehouse.rows(sql, {"numbers": [0.25]}) == [{"mean": 0.25, "std": None, "std_of_all": 0.0}]
    none = warehouse.rows(f"{sql} where n.x > 1", {"numbers": [0.25]})
    assert none == [{"mean": None, "std": None, "std_of_all": None}]
