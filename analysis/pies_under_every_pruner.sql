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
),
unanimous as materialized (
    -- Before their texts are looked up: few are left.
    select c.*, r.study
    from counted as c
    join pruners as p
        on p.recipe_id = c.recipe_id and p.split = c.split and p.sparsity = c.sparsity and p.num_pruners = c.num_pruners
    join recipe as r on r.recipe_id = c.recipe_id
    where $study is null or list_has_any(r.studies, $study)
)
select
    u.dataset, u.split, u.architecture, u.sparsity, u.num_seeds, u.num_pruners, u.example_id, e.class_ids, e.text, u.study, u.recipe_id
from unanimous as u
join example as e on e.dataset = u.dataset and e.split = u.split and e.example_id = u.example_id
where matches_between($dataset, e.dataset) and matches_between($split, e.split)
order by u.dataset, u.architecture, u.recipe_id, u.split, u.sparsity, u.example_id
limit $limit
