"""Stored answers: what the concept views say of a complete variant, kept so that it is not computed for every question.

A variant is complete when none of its planned runs, pruned or unpruned, is still to come. What is stored is
what the views themselves compute, so that there is one definition. Nothing is stored of a variant that waits for a run: who
plans one, or changes a run that was not waited for, calls `forget_answers` in the same transaction.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa

from store.identity import RunConfig
from store.protocol import UNPRUNED, WAITING
from store.warehouse import Warehouse


@dataclass(frozen=True)
class Variant:
    """A variant, by what names it."""

    recipe_id: str
    pruner: str
    sparsity: float

    @classmethod
    def of(cls, config: RunConfig) -> "Variant":
        return cls(config.recipe_id, config.pruner, config.sparsity)

    @property
    def parameters(self) -> dict[str, object]:
        return {"recipe_id": self.recipe_id, "pruner": self.pruner, "sparsity": self.sparsity}


STORED_TABLES = (
    "stored_comparison",
    "stored_majority",
    "stored_on_pies_of_run",
    "stored_on_pies",
    "stored_class_distribution",
    "stored_influence_bin",
    "stored_readability",
)
"""The tables of stored answers, each with a comparison_id."""

_DUE = """
with waiting as (
    select distinct r.recipe_id, r.pruner, r.sparsity
    from run as r
    where list_contains($waiting, r.status)
)
select distinct c.recipe_id, c.pruner, c.sparsity
from growing_comparison as c
left join (select distinct s.recipe_id from study as s) as s on s.recipe_id = c.recipe_id
anti join waiting as w
    on w.recipe_id = c.recipe_id and (w.pruner = 'none' or (w.pruner = c.pruner and w.sparsity = c.sparsity))
where
    (s.recipe_id is not null or not $planned)
    and ($recipe_id is null or c.recipe_id = $recipe_id)
    and ($pruner is null or (c.pruner = $pruner and c.sparsity = $sparsity))
order by c.recipe_id, c.pruner, c.sparsity
"""

# What a variant's answers follow from: the same runs with the same content have the same answers.
_RUNS = """
select r.run_id, r.status, r.content_digest
from run as r
where r.recipe_id = $recipe_id and (r.pruner = 'none' or (r.pruner = $pruner and r.sparsity = $sparsity))
order by r.run_id
"""

_STORED = """
select c.comparison_id, c.pruner, c.sparsity
from stored_comparison as c
where c.recipe_id = $recipe_id
"""

_TRAINING_SET = """
select 1
from growing_comparison as g
where g.recipe_id = $recipe_id and g.pruner = $pruner and g.sparsity = $sparsity and g.split = 'train'
"""

_INFLUENCE = "select 1 from stored_influence_recipe as s where s.recipe_id = $recipe_id"

_COMPARED = """
create or replace temp table compared as
select g.*
from growing_comparison as g
where g.recipe_id = $recipe_id and g.pruner = $pruner and g.sparsity = $sparsity
"""

_SPLITS = "select c.split from compared as c order by c.split"

# The majority labels of the variant, counted once: every answer below is taken over this table.
_ELECTED = """
create or replace temp table elected as
select m.*
from majority_pair_over('compared') as m
"""

_SCORED = """
create or replace temp table scored as
select e.*
from effectiveness as e
where e.recipe_id = $recipe_id and (e.pruner = 'none' or (e.pruner = $pruner and e.sparsity = $sparsity))
"""

_ANSWERS = {
    "stored_on_pies_of_run": (
        "effectiveness_on_pies_of_run_over('elected')",
        "a.seed, a.side, a.run_id, a.value",
    ),
    "stored_on_pies": (
        "effectiveness_on_pies_over('elected', 'answer_stored_on_pies_of_run', 'scored')",
        "a.unpruned_on_all, a.pruned_on_all, a.unpruned_on_pies, a.pruned_on_pies, a.unpruned_on_pies_mean, "
        "a.unpruned_on_pies_std, a.pruned_on_pies_mean, a.pruned_on_pies_std",
    ),
    "stored_class_distribution": (
        "class_distribution_over('elected')",
        "a.class_id, a.class_name, a.num_examples, a.num_pies",
    ),
    "stored_influence_bin": (
        "influence_bin_over('elected')",
        "a.bin, a.el2n_min, a.el2n_max, a.num_examples, a.num_pies",
    ),
    "stored_readability": ("readability_over('elected')", "a.measure, a.mean_of_examples, a.mean_of_pies"),
}
"""For each table of answers, the concept over the majority labels, and which of its columns the table takes."""


def store_due_answers(
    warehouse: Warehouse,
    recipe_id: str | None = None,
    pruner: str | None = None,
    sparsity: float | None = None,
    *,
    planned: bool = True,
) -> int:
    """Store the answers of every complete variant that lacks them, or of one; returns how many variants were stored.

    Of the unpruned variant: those of every complete variant of the recipe. Each variant is stored exactly once, whoever
    else is at it, and in a transaction of its own. Runs that no study planned may come without notice: their variants
    are stored with `planned` false, by those who know that no more will come for a while.
    """
    chosen = {"recipe_id": recipe_id, "pruner": None if pruner == UNPRUNED else pruner, "sparsity": sparsity}
    due = warehouse.rows(_DUE, chosen | {"waiting": list(WAITING), "planned": planned})
    return sum(store_answers(warehouse, Variant(**row)) for row in due)


def forget_answers(warehouse: Warehouse, variants: Collection[Variant]) -> None:
    """Delete what is stored of variants whose runs are about to change; inside the transaction that changes them.

    Of an unpruned variant: what is stored of every variant of its recipe, and the influence.
    """
    for recipe_id in {variant.recipe_id for variant in variants}:
        recipe = {"recipe_id": recipe_id}
        changed = {(variant.pruner, variant.sparsity) for variant in variants if variant.recipe_id == recipe_id}
        unpruned = any(pruner == UNPRUNED for pruner, _ in changed)
        stored = [
            row["comparison_id"]
            for row in warehouse.rows(_STORED, recipe)
            if unpruned or (row["pruner"], row["sparsity"]) in changed
        ]
        for table in STORED_TABLES if stored else ():
            warehouse.execute(f"delete from {table} where list_contains($ids, comparison_id)", {"ids": stored})
        if unpruned and warehouse.rows(_INFLUENCE, recipe):
            for table in ("stored_influence", "stored_influence_recipe"):
                warehouse.execute(f"delete from {table} where recipe_id = $recipe_id", recipe)


def store_answers(warehouse: Warehouse, variant: Variant) -> bool:
    """Store the answers about a variant. Returns False when they were stored, or its runs changed, in the meantime."""
    # All is computed before the lock is taken, so that others may publish in the meantime.
    if warehouse.rows(_TRAINING_SET, variant.parameters):
        store_influence(warehouse, variant.recipe_id)
    with warehouse.reading():
        runs = warehouse.rows(_RUNS, variant.parameters)
        warehouse.execute(_COMPARED, variant.parameters)
        _compute_answers(warehouse, variant)
    with warehouse.transaction(
        f"store answers of {variant.pruner} {variant.sparsity} of recipe {variant.recipe_id}", simple=True
    ):
        if warehouse.rows(_RUNS, variant.parameters) != runs or _is_stored(warehouse, variant):
            return False
        return _insert_answers(warehouse)


def insert_given_answers(warehouse: Warehouse, variant: Variant, given: Mapping[str, pa.Table]) -> None:
    """Store answers about a variant that the caller knows without asking the views; inside the transaction of its last run.

    `given` has what `store_answers` would compute: the tables elected, scored, and `answer_` and the name of each table of answers.
    """
    warehouse.execute(_COMPARED, variant.parameters)
    for name, rows in given.items():
        with warehouse.register("given_rows", rows):
            warehouse.execute(f"create or replace temp table {name} as select g.* from given_rows as g")
    _insert_answers(warehouse)


def _is_stored(warehouse: Warehouse, variant: Variant) -> bool:
    stored = warehouse.rows(_STORED, {"recipe_id": variant.recipe_id})
    return any((row["pruner"], row["sparsity"]) == (variant.pruner, variant.sparsity) for row in stored)


def _compute_answers(warehouse: Warehouse, variant: Variant) -> None:
    warehouse.execute(_ELECTED)
    warehouse.execute(_SCORED, variant.parameters)
    for table, (concept, _) in _ANSWERS.items():
        warehouse.execute(
            f"""
            create or replace temp table answer_{table} as
            select a.*
            from {concept} as a
            where a.recipe_id = $recipe_id and a.pruner = $pruner and a.sparsity = $sparsity
            """,
            variant.parameters,
        )


def _insert_answers(warehouse: Warehouse) -> bool:
    """Insert what the temporary tables hold; returns whether that is anything."""
    splits = [row["split"] for row in warehouse.rows(_SPLITS)]
    # A snapshot's number is never given twice: neither is a comparison's.
    first = warehouse.snapshot() * 100
    numbers = pa.table({"split": splits, "comparison_id": range(first, first + len(splits))})
    with warehouse.register("numbered", numbers):
        _insert_numbered(warehouse)
    return bool(splits)


def _insert_numbered(warehouse: Warehouse) -> None:
    warehouse.execute(
        """
        insert into stored_comparison by name
        select n.comparison_id, c.*, e.num_pies
        from compared as c
        join numbered as n on n.split = c.split
        join (select e.split, count(*) filter (e.is_pie) as num_pies from elected as e group by e.split) as e on e.split = c.split
        """
    )
    warehouse.execute(
        """
        insert into stored_majority by name
        select n.comparison_id, e.is_pie, e.example_id, e.unpruned_class_ids, e.pruned_class_ids, e.unpruned_votes, e.pruned_votes
        from elected as e
        join numbered as n on n.split = e.split
        order by n.comparison_id, e.is_pie desc, e.example_id
        """
    )
    for table, (_, columns) in _ANSWERS.items():
        warehouse.execute(
            f"""
            insert into {table} by name
            select n.comparison_id, {columns}
            from answer_{table} as a
            join numbered as n on n.split = a.split
            """
        )
    warehouse.execute(
        """
        update evaluated_run set value = s.value
        from scored as s
        where s.run_id = evaluated_run.run_id and s.split = evaluated_run.split and evaluated_run.value is null
        """
    )


def store_influence(warehouse: Warehouse, recipe_id: str) -> None:
    """Keep the influence of a recipe's training examples, once for all its variants."""
    recipe = {"recipe_id": recipe_id}
    if warehouse.rows(_INFLUENCE, recipe):
        return
    unpruned = Variant(recipe_id, UNPRUNED, 0.0).parameters
    averaged = warehouse.rows(_RUNS, unpruned)
    warehouse.execute(
        """
        create or replace temp table influenced as
        select i.* from influence as i where i.recipe_id = $recipe_id order by i.example_id
        """,
        recipe,
    )
    with warehouse.transaction(f"store influence of recipe {recipe_id}", simple=True):
        if warehouse.rows(_INFLUENCE, recipe) or warehouse.rows(_RUNS, unpruned) != averaged:
            return
        warehouse.execute("insert into stored_influence by name select i.* from influenced as i")
        warehouse.execute("insert into stored_influence_recipe values ($recipe_id)", recipe)
