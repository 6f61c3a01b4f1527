"""The made-up warehouse: the paper's shape, in proportion, the same for the same seed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from store.check import check_warehouse
from store.errors import Refused
from store.paper import paper_table
from store.run import register_study
from store.simulate import simulate, variants_of
from store.simulated_dataset import define_numbers, insert_dataset, made_up_datasets
from store.simulated_recipe import MadeUpRecipe
from store.warehouse import Warehouse, open_warehouse
from tests.store.test_answers import answers, assert_same, computed_answers

SCALE = 0.02


def first_variants(warehouse: Warehouse, seed: int, count: int) -> None:
    """Fill a warehouse with the first so many variants."""
    for number, _, _ in simulate(warehouse, SCALE, seed):
        if number == count:
            break


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path_factory.mktemp("simulated") / "warehouse", create=True) as opened:
        first_variants(opened, 0, 3)
        yield opened


def test_sizes_are_the_papers_times_the_scale() -> None:
    whole = {dataset.name: dataset for dataset in made_up_datasets(1, 0)}
    assert whole["snli"].num_examples == {"train": 549_367, "test": 9_824, "validation": 9_842}
    variants = [variant for dataset in made_up_datasets(SCALE, 0) for variant in variants_of(dataset, 30)]
    assert len(variants) == 4 * 82 and sum(len(variant.configs) for variant in variants) == 9_840
    outputs = {split: sum(dataset.num_examples[split] for dataset in whole.values()) for split in ("train", "test")}
    assert 82 * 30 * outputs["test"] == pytest.approx(91.6e6, rel=0.001)
    assert 82 * 30 * outputs["train"] == pytest.approx(1.55e9, rel=0.001)
    assert made_up_datasets(SCALE, 0)[0].num_examples == {"train": 400, "test": 500, "validation": 100}


def test_planned_published_and_answered(made_up: Warehouse) -> None:
    statuses = made_up.rows("select r.status, count(*) as n from run as r group by r.status order by r.status")
    assert statuses == [{"status": "planned", "n": 3 * 325}, {"status": "published", "n": 9}]
    rows = made_up.rows("select r.* from stored.pie_rate as r where r.split = 'test' order by r.pruner, r.sparsity")
    assert [(row["pruner"], row["sparsity"], row["num_seeds"]) for row in rows] == [
        ("IIBP-WR", 0.2, 3),
        ("IIBP-WR", 0.5, 3),
    ]
    bins = made_up.rows("select b.bin, b.pie_rate from influence_bin as b where b.sparsity = 0.5 order by b.bin")
    assert len(bins) == 20 and bins[-1]["pie_rate"] > bins[0]["pie_rate"]
    mean_ratio = "select avg(r.ratio) as mean from readability_ratio as r where r.measure = 'gunning_fog'"
    assert made_up.rows(mean_ratio)[0]["mean"] > 1.02
    logits = made_up.rows(
        """
        select count(*) as n, count(*) filter (list_position(l.logits, list_max(l.logits)) - 1 = p.class_id) as num_agreeing
        from logit as l
        join prediction as p on p.run_id = l.run_id and p.split = l.split and p.epoch = l.epoch and p.example_id = l.example_id
        """
    )[0]
    assert logits["n"] == logits["num_agreeing"] == 9 * 500


def test_pie_rates_are_near_table_4(warehouse: Warehouse) -> None:
    """Over a tenth of the paper's examples and three seeds, for one variant of each rate from low to high."""
    define_numbers(warehouse)
    dataset = made_up_datasets(0.1, 0)[0]
    insert_dataset(warehouse, dataset)
    table = {
        (row["pruner"], int(row["sparsity_percent"])): float(row["pie_percent"]) / 100
        for row in paper_table("table4_pie_rate")
        if (row["dataset"], row["architecture"]) == ("imdb", "bert")
    }
    variants = [variant for variant in variants_of(dataset, 3) if variant.configs[0].architecture == "bert"]
    chosen = [variants[0], *sorted(variants[1:], key=lambda variant: variant.pie_rate)[::13]]
    recipe = MadeUpRecipe(warehouse, chosen[0])
    for variant in chosen:
        register_study(warehouse, variant.name, variant.configs, "{}")
        recipe.insert(variant)
        if not variant.is_pruned:
            recipe.store_influence()
    found = warehouse.rows("select r.* from pie_rate as r where r.split = 'test'")
    assert len(found) == len(chosen) - 1
    for row in found:
        expected = table[row["pruner"], round(100 * row["sparsity"])]
        assert row["pie_rate"] == pytest.approx(expected, abs=0.04)


def test_answers_are_what_the_views_compute(warehouse: Warehouse) -> None:
    """Of a single-label and of a multi-label dataset."""
    define_numbers(warehouse)
    datasets = {dataset.name: dataset for dataset in made_up_datasets(SCALE, 0)}
    for name in ("imdb", "reuters"):
        insert_dataset(warehouse, datasets[name])
        variants = [variant for variant in variants_of(datasets[name], 3) if variant.configs[0].architecture == "bert"]
        recipe = MadeUpRecipe(warehouse, variants[0])
        for variant in (variants[0], variants[-1]):
            register_study(warehouse, variant.name, variant.configs, "{}")
            recipe.insert(variant)
            if not variant.is_pruned:
                recipe.store_influence()
    assert warehouse.rows("select count(*) as n from growing_comparison") == [{"n": 0}]
    assert_same(answers(warehouse), computed_answers(warehouse))
    assert not list(check_warehouse(warehouse))


def test_the_same_seed_gives_the_same_rows(made_up: Warehouse, warehouse: Warehouse, tmp_path: Path) -> None:
    def rows(opened: Warehouse) -> list[np.ndarray]:
        sql = "select * from {} as t order by all limit 3000"
        return [
            opened.query(sql.format(table)).to_pandas().to_numpy().astype(str)
            for table in ("prediction", "el2n", "readability")
        ]

    first_variants(warehouse, 0, 1)
    ids = [row["run_id"] for row in warehouse.rows("select r.run_id from run as r where r.status = 'published'")]
    with open_warehouse(tmp_path / "other", create=True) as other:
        first_variants(other, 1, 1)
        assert not np.array_equal(rows(other)[2], rows(warehouse)[2])
    same = "select p.* from prediction as p where list_contains($ids, p.run_id) order by all"
    assert made_up.query(same, {"ids": ids}).equals(warehouse.query(same, {"ids": ids}))
    assert rows(made_up)[2].tolist() == rows(warehouse)[2].tolist()


def test_it_goes_on_from_where_it_was_and_refuses_another_scale(warehouse: Warehouse) -> None:
    first_variants(warehouse, 0, 2)
    first_variants(warehouse, 0, 3)
    assert warehouse.rows("select count(*) as n from run as r where r.status = 'published'")[0]["n"] == 9
    with pytest.raises(Refused, match="dataset 'imdb' that was not made up at this scale and seed"):
        next(simulate(warehouse, 0.03))
    for scale in (0, 1.1, -1):
        with pytest.raises(Refused, match="not above 0 and at most 1"):
            next(simulate(warehouse, scale))
