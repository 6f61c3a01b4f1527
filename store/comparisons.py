"""Which runs are compared with which: kept up to date in the transaction that publishes or retracts a run."""

from store.warehouse import Warehouse

STORED_TABLES = (
    "stored_majority",
    "stored_on_pies_of_run",
    "stored_on_pies",
    "stored_class_distribution",
    "stored_influence_bin",
    "stored_readability",
)
"""The tables of stored answers, each with a comparison_id."""

_ADD_EVALUATED = """
insert into evaluated_run by name
select
    r.run_id, r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity, r.seed, r.last_epoch,
    e.split, e.num_examples
from published_run as r
join evaluation as e on e.run_id = r.run_id and e.epoch = r.last_epoch
where list_contains($run_ids, r.run_id)
"""

# Both sides over the seeds that both have, in the order of the seeds.
_CURRENT = """
create or replace temp table current_comparison as
select
    p.recipe_id, p.dataset, p.task, p.num_classes, p.architecture, p.pruner, p.sparsity, p.split,
    any_value(p.num_examples) as num_examples, count(*)::integer as num_seeds, list(p.seed order by p.seed) as seeds,
    list(u.run_id order by p.seed) as unpruned_run_ids, list(u.last_epoch order by p.seed) as unpruned_epochs,
    list(p.run_id order by p.seed) as pruned_run_ids, list(p.last_epoch order by p.seed) as pruned_epochs,
    case p.split when 'train' then any_value(i.run_ids) else [] end as influence_run_ids
from evaluated_run as p
join evaluated_run as u
    on u.recipe_id = p.recipe_id and u.split = p.split and u.seed = p.seed and u.pruner = 'none'
join (
    select e.recipe_id, list(distinct e.run_id order by e.run_id) as run_ids
    from evaluated_run as e
    where e.recipe_id = $recipe_id and e.pruner = 'none'
    group by e.recipe_id
) as i on i.recipe_id = p.recipe_id
where
    p.recipe_id = $recipe_id and p.pruner <> 'none' and u.recipe_id = $recipe_id
    and ($pruner is null or (p.pruner = $pruner and p.sparsity = $sparsity))
group by p.recipe_id, p.dataset, p.task, p.num_classes, p.architecture, p.pruner, p.sparsity, p.split
"""

_OUTDATED = """
select c.comparison_id, c.is_stored
from comparison as c
where
    c.recipe_id = $recipe_id and ($pruner is null or (c.pruner = $pruner and c.sparsity = $sparsity))
    and not exists (
        select 1
        from current_comparison as n
        where
            n.recipe_id = c.recipe_id and n.pruner = c.pruner and n.sparsity = c.sparsity and n.split = c.split
            and n.unpruned_run_ids = c.unpruned_run_ids and n.pruned_run_ids = c.pruned_run_ids
            and n.influence_run_ids = c.influence_run_ids
    )
"""

# A snapshot's number is never given twice: neither is a comparison's.
_INSERT = """
insert into comparison by name
select $first_id + row_number() over (order by n.pruner, n.sparsity, n.split) as comparison_id, n.*, false as is_stored
from current_comparison as n
where not exists (
    select 1
    from comparison as c
    where c.recipe_id = n.recipe_id and c.pruner = n.pruner and c.sparsity = n.sparsity and c.split = n.split
)
"""


def add_evaluated_runs(warehouse: Warehouse, run_ids: list[str]) -> None:
    """Take runs that were just published among those that are compared; inside their transaction, before `refresh`."""
    warehouse.execute(_ADD_EVALUATED, {"run_ids": run_ids})


def refresh_comparisons(
    warehouse: Warehouse, recipe_id: str, pruner: str | None = None, sparsity: float | None = None
) -> None:
    """Bring the comparisons of a variant, or of all variants of a recipe, up to date with its runs; inside a transaction.

    A comparison whose runs have changed gets a new number, and what was stored of the old one is deleted.
    """
    scope = {"recipe_id": recipe_id, "pruner": pruner, "sparsity": sparsity}
    warehouse.execute(_CURRENT, scope)
    outdated = warehouse.rows(_OUTDATED, scope)
    if outdated:
        stored = [row["comparison_id"] for row in outdated if row["is_stored"]]
        for table in STORED_TABLES if stored else ():
            warehouse.execute(f"delete from {table} where list_contains($ids, comparison_id)", {"ids": stored})
        ids = {"ids": [row["comparison_id"] for row in outdated]}
        warehouse.execute("delete from comparison where list_contains($ids, comparison_id)", ids)
    warehouse.execute(_INSERT, {"first_id": warehouse.snapshot() * 100_000})


def forget_influence(warehouse: Warehouse, recipe_id: str) -> None:
    """Delete a recipe's stored influence: its unpruned runs have changed. Inside a transaction, before `refresh`."""
    if warehouse.rows("select 1 from stored_influence_recipe as s where s.recipe_id = $id", {"id": recipe_id}):
        warehouse.execute("delete from stored_influence where recipe_id = $id", {"id": recipe_id})
        warehouse.execute("delete from stored_influence_recipe where recipe_id = $id", {"id": recipe_id})
