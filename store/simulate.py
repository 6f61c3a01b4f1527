"""A made-up warehouse of the paper's shape: 4 datasets, 82 variants of each, 30 seeds.

At scale 1 it holds what the paper's 9,840 runs would: 91.6 million test and 1.55 billion training predictions, the
test logits and the unpruned runs' EL2N, with PIE rates near table 4.
"""

import json
from collections.abc import Iterator
from itertools import groupby

from store.compact import compact
from store.errors import Refused
from store.identity import RunConfig
from store.paper import paper_table
from store.protocol import UNPRUNED
from store.run import register_study, run_statuses
from store.simulated_dataset import MadeUpDataset, define_numbers, insert_dataset, made_up_datasets
from store.simulated_outputs import MadeUpVariant
from store.simulated_recipe import MadeUpRecipe
from store.simulated_runs import EPOCHS
from store.warehouse import Warehouse

NUM_SEEDS = 30
MIN_SEEDS = 3
"""With fewer votes a majority would stray as often as a single run."""
_NUM_PRUNABLE = {"bert": 85_542_912, "bilstm": 643_968}
"""Weights that the paper's models let be pruned, whatever the dataset: neither embeddings, biases nor the last layer."""


def simulate(warehouse: Warehouse, scale: float, seed: int = 0) -> Iterator[tuple[int, int, str]]:
    """Fill a warehouse, one variant at a time, and compact it; yields (variants done, variants in all, what was done last).

    Examples and seeds are those of the paper times `scale`, but at least MIN_EXAMPLES and MIN_SEEDS. The same scale and
    seed give the same rows. Run again after an interruption, it goes on from there. Raises Refused for a scale outside
    (0, 1], or when the warehouse has a dataset of that name with other content.
    """
    if not 0 < scale <= 1:
        raise Refused(f"Scale {scale} is not above 0 and at most 1; 1 is the paper's size, 0.01 a hundredth.")
    define_numbers(warehouse)
    datasets = made_up_datasets(scale, seed)
    for dataset in datasets:
        _require_same(warehouse, dataset)
        insert_dataset(warehouse, dataset)
    num_seeds = max(MIN_SEEDS, round(scale * NUM_SEEDS))
    variants = [variant for dataset in datasets for variant in variants_of(dataset, num_seeds)]
    recipes = [list(group) for _, group in groupby(variants, key=lambda variant: variant.configs[0].recipe_id)]
    for recipe in recipes:
        _plan(warehouse, recipe, num_seeds)
    done = 0
    for recipe in recipes:
        for name in _fill(warehouse, recipe):
            done += 1
            yield done, len(variants), name
    # As a warehouse is that someone looks after: every file costs each question a little.
    for step in compact(warehouse):
        yield done, len(variants), f"{step.count} {step.what}"


def _fill(warehouse: Warehouse, recipe: list[MadeUpVariant]) -> Iterator[str]:
    """Insert those variants of a recipe that are not there, the unpruned one first; yields each one's name."""
    statuses = run_statuses(warehouse, [variant.configs[0].run_id for variant in recipe])
    missing = [variant for variant in recipe if statuses[variant.configs[0].run_id] != "published"]
    making = MadeUpRecipe(warehouse, recipe[0]) if missing else None
    for variant in recipe:
        if making and variant in missing:
            making.insert(variant)
        if making and not variant.is_pruned:
            making.store_influence()
        yield variant.name


def _require_same(warehouse: Warehouse, dataset: MadeUpDataset) -> None:
    there = warehouse.rows("select d.digest from dataset as d where d.dataset = $name", {"name": dataset.name})
    if there and there[0]["digest"] != dataset.digest:
        raise Refused(
            f"The warehouse has a dataset '{dataset.name}' that was not made up at this scale and seed; "
            "name a new warehouse with --warehouse."
        )


def variants_of(dataset: MadeUpDataset, num_seeds: int) -> Iterator[MadeUpVariant]:
    """The 82 variants of a dataset, unpruned ones first: table 9 lists them, table 4 has their PIE rates."""
    pie_rates = {
        (row["architecture"], row["pruner"], row["sparsity_percent"]): float(row["pie_percent"]) / 100
        for row in paper_table("table4_pie_rate")
        if row["dataset"] == dataset.name
    }
    parameters = {
        (row["architecture"], row["dataset"]): row["num_parameters"] for row in paper_table("table5_parameters")
    }
    max_tokens = {row["dataset"]: int(row["truncate_at"]) for row in paper_table("table7_datasets")}
    settings = {"made_up": dataset.seed, "epochs": EPOCHS, "max_tokens": max_tokens[dataset.name]}
    rows = [row for row in paper_table("table9_effectiveness") if row["dataset"] == dataset.name]
    unpruned = {row["architecture"]: float(row["mean"]) for row in rows if row["pruner"] == UNPRUNED}
    for row in sorted(rows, key=lambda row: (row["architecture"], row["pruner"] != UNPRUNED)):
        architecture, pruner = row["architecture"], row["pruner"]
        sparsity = int(row["sparsity_percent"]) / 100
        yield MadeUpVariant(
            dataset,
            tuple(
                RunConfig(dataset.name, dataset.digest, architecture, pruner, sparsity, number, settings)
                for number in range(num_seeds)
            ),
            pie_rate=pie_rates.get((architecture, pruner, row["sparsity_percent"]), 0.0),
            unpruned_effectiveness=unpruned[architecture],
            num_parameters=int(parameters[architecture, dataset.name]),
            num_prunable=_NUM_PRUNABLE[architecture],
        )


def _plan(warehouse: Warehouse, variants: list[MadeUpVariant], num_seeds: int) -> None:
    configs = [config for variant in variants for config in variant.configs]
    study = f"made up: {configs[0].dataset} {configs[0].architecture}"
    if run_statuses(warehouse, [config.run_id for config in configs]).keys() != {config.run_id for config in configs}:
        register_study(warehouse, study, configs, json.dumps({"made_up": True, "seeds": list(range(num_seeds))}))
