"""Plans: the paper's 9,840 runs, the epochs that sharing saves, and shards."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.dataset import load_dataset, register_dataset
from store.protocol import PRUNERS
from store.warehouse import Warehouse
from tests.made_up import made_up_dataset
from tests.trainer.tiny import tiny_study
from trainer.errors import StudyError
from trainer.plan import Epochs, Plan, dataset_digest, num_epochs, of_shard, parse_shard, plan_study
from trainer.study import SHIPPED, load_study


def test_the_papers_grid_is_9840_runs_and_sharing_saves_21_6_percent() -> None:
    studies = [load_study(path) for path in sorted(SHIPPED.glob("paper-*.toml"))]
    plans = [plan_study(study, study.planned_configs(), {}).to_json() for study in studies]
    assert [plan["num_runs"] for plan in plans] == [1230] * 8
    assert sum(plan["num_runs"] for plan in plans) == 9840
    saved, alone = (sum(plan[key] for plan in plans) for key in ("num_epochs_saved", "num_epochs"))
    assert round(100 * saved / alone, 1) == 21.6
    for plan in plans:
        assert plan["num_epochs_to_train"] == plan["num_epochs"] - plan["num_epochs_saved"]
        assert Counter(run["pruner"] for run in plan["runs"]) == {"none": 30, **dict.fromkeys(PRUNERS, 150)}


def test_a_study_says_that_its_training_set_may_be_a_cut_one(warehouse: Warehouse) -> None:
    dataset = replace(made_up_dataset(), train_is_cut=True)
    register_dataset(warehouse, dataset)
    assert load_dataset(warehouse, dataset.name).train_is_cut
    with pytest.raises(StudyError, match="write cut_train = true in study 'tiny' to train on it"):
        dataset_digest(warehouse, tiny_study(dataset=dataset.name))
    assert dataset_digest(warehouse, tiny_study(dataset=dataset.name, cut_train=True)) == dataset.digest


def test_epochs_worked_out_by_hand() -> None:
    """Two seeds of N = 3: unpruned 3, iterative 12, at initialization 3; the iterative ones save 3 each."""
    study = tiny_study(epochs=3, pruners=("IMP-WR", "IRP-FT", "RP-AI"), seeds=(4, 7))
    configs = study.planned_configs()
    assert [num_epochs(config) for config in configs[:4]] == [3, 12, 12, 3]
    assert Epochs.of(configs) == Epochs(alone=60, saved=12)
    # Without the unpruned runs, the first iterative run of a seed trains the dense epochs for the others.
    assert Epochs.of([config for config in configs if config.pruner != "none"]) == Epochs(alone=54, saved=6)
    assert Epochs.of([]) == Epochs(0, 0)


def test_a_plan_counts_what_is_done_and_what_is_left() -> None:
    study = tiny_study(pruners=("IMP-WR",), seeds=(0, 1, 2))
    configs = study.planned_configs()
    statuses = dict(
        zip(
            [config.run_id for config in configs],
            ["published", "published", "failed", "retracted", "spooled"],
            strict=False,
        )
    )
    plan = plan_study(study, configs, statuses)
    assert plan.to_json()["num_by_status"] == {"published": 2, "failed": 1, "retracted": 1, "spooled": 1, "planned": 1}
    assert plan.missing == configs[5:]
    assert plan.retrying().missing == [configs[2], configs[3], configs[5]]
    assert plan.to_json()["num_epochs_to_train"] == 8


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.integers(1, 4), st.lists(st.sampled_from(list(PRUNERS)), unique=True))
def test_shards_are_disjoint_and_complete(count: int, num_seeds: int, pruners: list[str]) -> None:
    study = tiny_study(pruners=tuple(pruners), sparsities=(0.5, 0.9) if pruners else (), seeds=tuple(range(num_seeds)))
    configs = study.planned_configs()
    for start in (0, 1):  # counted from 0 or from 1
        shards = [of_shard(configs, index, count) for index in range(start, start + count)]
        assert Counter(config.run_id for shard in shards for config in shard) == Counter(c.run_id for c in configs)


def test_shards_are_about_equal_and_keep_seeds_together() -> None:
    study = load_study("paper-imdb-bert")
    configs = study.planned_configs()
    shards = [of_shard(configs, index, 10) for index in range(10)]
    epochs = [sum(map(num_epochs, shard)) for shard in shards]
    assert max(epochs) - min(epochs) <= 2 * 12
    assert all(len({config.seed for config in shard}) == 3 for shard in shards)
    assert plan_study(study, configs, {}, (3, 10)).configs == tuple(shards[3])


def test_a_shard_is_written_i_of_n() -> None:
    assert [parse_shard(text) for text in ("0/4", "3/4", "4/4", "1/1")] == [(0, 4), (3, 4), (4, 4), (1, 1)]
    for text in ("", "3", "5/4", "-1/4", "1/0", "a/b", "1/2/3", "½/2", "0/0"):
        with pytest.raises(StudyError, match=r"is not I/N with N shards"):
            parse_shard(text)


def test_the_part_of_one_pruner() -> None:
    study = tiny_study(seeds=(0, 1))
    plan = Plan("tiny", tuple(study.planned_configs()), {})
    assert [(config.pruner, config.seed) for config in plan.of_pruner("IRP-FT").configs] == [
        ("IRP-FT", 0),
        ("IRP-FT", 1),
    ]
