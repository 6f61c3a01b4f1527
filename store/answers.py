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

_OF_VARIANT = "{alias}.recipe_id = $recipe_id and {alias}.pruner = $pruner and {alias}.sparsity = $sparsity"

_OPEN = f"select c.comparison_id from comparison as c where not c.is_stored and {_OF_VARIANT.format(alias='c')}"

_ELECTED = f"""
create or replace temp table elected as
select c.comparison_id, g.is_pie, g.example_id, g.unpruned_class_ids, g.pruned_class_ids, g.unpruned_votes, g.pruned_votes
from growing_majority_pair as g
join comparison as c
    on c.recipe_id = g.recipe_id and c.pruner = g.pruner and c.sparsity = g.sparsity and c.split = g.split
where {_OF_VARIANT.format(alias="g")}
order by c.comparison_id, g.is_pie desc, g.example_id
"""

_SCORED = """
create or replace temp table scored as
select e.run_id, e.split, e.value
from effectiveness as e
where e.recipe_id = $recipe_id and (e.pruner = 'none' or (e.pruner = $pruner and e.sparsity = $sparsity))
"""

# Each answer: its table, and the view it is kept from, with the columns the table takes.
_ANSWERS = {
    "stored_on_pies_of_run": ("effectiveness_on_pies_of_run", "a.seed, a.side, a.run_id, a.value"),
    "stored_on_pies": (
        "effectiveness_on_pies",
        "a.unpruned_on_all, a.pruned_on_all, a.unpruned_on_pies, a.pruned_on_pies, a.unpruned_on_pies_mean, "
        "a.unpruned_on_pies_std, a.pruned_on_pies_mean, a.pruned_on_pies_std",
    ),
    "stored_class_distribution": ("class_distribution", "a.class_id, a.class_name, a.num_examples, a.num_pies"),
    "stored_influence_bin": ("influence_bin", "a.bin, a.el2n_min, a.el2n_max, a.num_examples, a.num_pies"),
    "stored_readability": ("readability_ratio", "a.measure, a.mean_of_examples, a.mean_of_pies"),
}


def store_due_answers(
    warehouse: Warehouse, recipe_id: str | None = None, pruner: str | None = None, sparsity: float | None = None
) -> int:
    """Store the answers of every complete variant that lacks them, or of one; returns how many variants were stored.

    Each variant is stored exactly once, whoever else is at it, and in a transaction of its own.
    """
    chosen = {"recipe_id": recipe_id, "pruner": None if pruner == UNPRUNED else pruner, "sparsity": sparsity}
    return sum(store_answers(warehouse, Variant(**row)) for row in warehouse.rows(_DUE, chosen))


def store_answers(warehouse: Warehouse, variant: Variant) -> bool:
    """Store the answers about a variant. Returns False when they were stored, or its runs changed, in the meantime."""
    with warehouse.reading():
        open_ids = _ids(warehouse, variant)
        # The votes are counted before the lock is taken: others may publish in the meantime.
        warehouse.execute(_ELECTED, variant.parameters)
    if not open_ids:
        return False
    with warehouse.transaction(f"store answers of {variant.pruner} {variant.sparsity} of recipe {variant.recipe_id}"):
        if _ids(warehouse, variant) != open_ids:
            return False
        warehouse.execute("insert into stored_majority by name select * from elected")
        warehouse.execute(
            "update comparison set is_stored = true where list_contains($ids, comparison_id)", {"ids": open_ids}
        )
        _store_scores(warehouse, variant)
        _store_influence(warehouse, variant)
        for table, (view, columns) in _ANSWERS.items():
            warehouse.execute(
                f"""
                insert into {table} by name
                select c.comparison_id, {columns}
                from {view} as a
                join comparison as c
                    on c.recipe_id = a.recipe_id and c.pruner = a.pruner and c.sparsity = a.sparsity and c.split = a.split
                where {_OF_VARIANT.format(alias="a")} and list_contains($ids, c.comparison_id)
                """,
                variant.parameters | {"ids": open_ids},
            )
        warehouse.execute(
            """
            update comparison set num_pies = (
                select count(*) filter (e.is_pie) from elected as e where e.comparison_id = comparison.comparison_id
            )
            where list_contains($ids, comparison_id)
            """,
            {"ids": open_ids},
        )
    return True


def _ids(warehouse: Warehouse, variant: Variant) -> list[int]:
    return sorted(row["comparison_id"] for row in warehouse.rows(_OPEN, variant.parameters))


def _store_scores(warehouse: Warehouse, variant: Variant) -> None:
    """Keep the effectiveness of the variant's runs and of the unpruned ones beside them."""
    warehouse.execute(_SCORED, variant.parameters)
    warehouse.execute(
        """
        update evaluated_run set value = s.value
        from scored as s
        where s.run_id = evaluated_run.run_id and s.split = evaluated_run.split and evaluated_run.value is null
        """
    )


def _store_influence(warehouse: Warehouse, variant: Variant) -> None:
    """Keep the influence of the recipe's training examples, once for all its variants."""
    recipe = {"recipe_id": variant.recipe_id}
    if warehouse.rows("select 1 from stored_influence_recipe as s where s.recipe_id = $recipe_id", recipe):
        return
    warehouse.execute(
        """
        insert into stored_influence by name
        select i.* from influence as i where i.recipe_id = $recipe_id order by i.example_id
        """,
        recipe,
    )
    warehouse.execute("insert into stored_influence_recipe values ($recipe_id)", recipe)
