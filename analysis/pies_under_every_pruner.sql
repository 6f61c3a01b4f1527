-- Which examples are PIEs whatever the pruner? One row per recipe, split, sparsity and example that is a PIE under every pruner (of those asked about) that has the sparsity.
with pruners as (
    select c.recipe_id, c.split, c.sparsity, count(distinct c.pruner) as num_pruners
    from comparison as c
    where matches($pruner, c.pruner)
    group by c.recipe_id, c.split, c.sparsity
),
counted as (
    select
        p.dataset, p.split, p.architecture, p.sparsity, p.recipe_id, p.example_id, min(p.num_seeds) as num_seeds, count(*) as num_pruners
    from majority_pair as p
    where
        p.is_pie and matches($dataset, p.dataset) and matches($split, p.split) and matches($architecture, p.architecture)
        and matches($pruner, p.pruner) and matches($sparsity, p.sparsity)
    group by p.dataset, p.split, p.architecture, p.sparsity, p.recipe_id, p.example_id
)
select
    c.dataset, c.split, c.architecture, c.sparsity, c.num_seeds, c.num_pruners, c.example_id, e.class_ids, e.text, r.study, c.recipe_id
from counted as c
join pruners as p
    on p.recipe_id = c.recipe_id and p.split = c.split and p.sparsity = c.sparsity and p.num_pruners = c.num_pruners
join recipe as r on r.recipe_id = c.recipe_id
join example as e on e.dataset = c.dataset and e.split = c.split and e.example_id = c.example_id
where $study is null or list_has_any(r.studies, $study)
order by c.dataset, c.architecture, c.recipe_id, c.split, c.sparsity, c.example_id
limit $limit
