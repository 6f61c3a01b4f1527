"""Stored answers: what the concept views say of a complete variant, kept so that it is not computed for every question.

A variant is complete when a study has planned it and none of its runs, pruned or unpruned, is still to come. What is stored is
what the views themselves compute, so that there is one definition; a comparison's number ties it to its very runs.
"""

from dataclasses import dataclass

from store.protocol import UNPRUNED
from store.warehouse import Warehouse


@dataclass(frozen=True)
class Variant:
    """A pruned variant, by what names it."""

    recipe_id: str
    pruner: str
    sparsity: float

    @property
    def parameters(self) -> dict[str, object]:
        return {"recipe_id": self.recipe_id, "pruner": self.pruner, "sparsity": self.sparsity}


_DUE = """
with waiting as (
    select distinct r.recipe_id, r.pruner, r.sparsity
    from run as r
    where r.status in ('planned', 'spooled')
)
select distinct c.recipe_id, c.pruner, c.sparsity
from comparison as c
semi join study as s on s.recipe_id = c.recipe_id
anti join waiting as w
    on w.recipe_id = c.recipe_id and (w.pruner = 'none' or (w.pruner = c.pruner and w.sparsity = c.sparsity))
where
    c.num_pies is null and ($recipe_id is null or c.recipe_id = $recipe_id)
    and ($pruner is null or (c.pruner = $pruner and c.sparsity = $sparsity))
order by c.recipe_id, c.pruner, c.sparsity
"""

# The short way to say no, for every publishing but a variant's last.
_WAITING = """
select 1
from run as r
where
    r.recipe_id = $recipe_id and r.status in ('planned', 'spooled')
    and (r.pruner = 'none' or (r.pruner = $pruner and r.sparsity = $sparsity))
limit 1
"""

_OPEN = """
select c.comparison_id
from comparison as c
where not c.is_stored and c.recipe_id = $recipe_id and c.pruner = $pruner and c.sparsity = $sparsity
order by c.comparison_id
"""

# The majority labels of the variant, counted once: every answer below is taken over this table.
_ELECTED = """
create or replace temp table elected as
select c.comparison_id, g.*
from growing_majority_pair as g
join comparison as c
    on c.recipe_id = g.recipe_id and c.pruner = g.pruner and c.sparsity = g.sparsity and c.split = g.split
where g.recipe_id = $recipe_id and g.pruner = $pruner and g.sparsity = $sparsity
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
    warehouse: Warehouse, recipe_id: str | None = None, pruner: str | None = None, sparsity: float | None = None
) -> int:
    """Store the answers of every complete variant that lacks them, or of one; returns how many variants were stored.

    Each variant is stored exactly once, whoever else is at it, and in a transaction of its own.
    """
    chosen = {"recipe_id": recipe_id, "pruner": None if pruner == UNPRUNED else pruner, "sparsity": sparsity}
    if recipe_id is not None and warehouse.rows(_WAITING, chosen):
        return 0
    return sum(store_answers(warehouse, Variant(**row)) for row in warehouse.rows(_DUE, chosen))


def store_answers(warehouse: Warehouse, variant: Variant) -> bool:
    """Store the answers about a variant. Returns False when they were stored, or its runs changed, in the meantime."""
    # All is computed before the lock is taken, so that others may publish in the meantime.
    warehouse.execute(_ELECTED, variant.parameters)
    elected = warehouse.rows("select distinct e.comparison_id, e.split from elected as e order by e.comparison_id")
    if any(row["split"] == "train" for row in elected):
        _store_influence(warehouse, variant.recipe_id)
    _compute_answers(warehouse, variant)
    ids = [row["comparison_id"] for row in elected]
    with warehouse.transaction(f"store answers of {variant.pruner} {variant.sparsity} of recipe {variant.recipe_id}"):
        # New runs would have made new comparisons, with other numbers.
        if not ids or [row["comparison_id"] for row in warehouse.rows(_OPEN, variant.parameters)] != ids:
            return False
        _insert_answers(warehouse)
    return True


def _compute_answers(warehouse: Warehouse, variant: Variant) -> None:
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


def _insert_answers(warehouse: Warehouse) -> None:
    warehouse.execute(
        """
        insert into stored_majority by name
        select e.comparison_id, e.is_pie, e.example_id, e.unpruned_class_ids, e.pruned_class_ids, e.unpruned_votes, e.pruned_votes
        from elected as e
        order by e.comparison_id, e.is_pie desc, e.example_id
        """
    )
    for table, (_, columns) in _ANSWERS.items():
        warehouse.execute(
            f"""
            insert into {table} by name
            select e.comparison_id, {columns}
            from answer_{table} as a
            join (select distinct e.comparison_id, e.split from elected as e) as e on e.split = a.split
            """
        )
    warehouse.execute(
        """
        update evaluated_run set value = s.value
        from scored as s
        where s.run_id = evaluated_run.run_id and s.split = evaluated_run.split and evaluated_run.value is null
        """
    )
    warehouse.execute(
        """
        update comparison set is_stored = true, num_pies = e.num_pies
        from (select e.comparison_id, count(*) filter (e.is_pie) as num_pies from elected as e group by e.comparison_id) as e
        where e.comparison_id = comparison.comparison_id
        """
    )


def _store_influence(warehouse: Warehouse, recipe_id: str) -> None:
    """Keep the influence of a recipe's training examples, once for all its variants."""
    recipe = {"recipe_id": recipe_id}
    stored = "select 1 from stored_influence_recipe as s where s.recipe_id = $recipe_id"
    runs = """
        select distinct e.run_id from evaluated_run as e
        where e.recipe_id = $recipe_id and e.pruner = 'none' order by e.run_id
        """
    if warehouse.rows(stored, recipe):
        return
    averaged = warehouse.rows(runs, recipe)
    warehouse.execute(
        """
        create or replace temp table influenced as
        select i.* from influence as i where i.recipe_id = $recipe_id order by i.example_id
        """,
        recipe,
    )
    with warehouse.transaction(f"store influence of recipe {recipe_id}"):
        if warehouse.rows(stored, recipe) or warehouse.rows(runs, recipe) != averaged:
            return
        warehouse.execute("insert into stored_influence by name select i.* from influenced as i")
        warehouse.execute("insert into stored_influence_recipe values ($recipe_id)", recipe)
