-- How certain is the effectiveness? One row per variant and split: mean accuracy or macro F1, and its difference from the unpruned variant's, with bootstrap intervals over the seeds.
with unpruned as (
    select e.recipe_id, e.split, e.seed, e.value
    from effectiveness as e
    where e.pruner = 'none' and matches($dataset, e.dataset) and matches($split, e.split) and matches($architecture, e.architecture)
)
select
    e.dataset, e.split, e.architecture, e.pruner, e.sparsity, count(*) as num_seeds, e.metric, r.study, e.recipe_id,
    list({'value': e.value, 'unpruned': u.value} order by e.seed) as runs
from effectiveness as e
join recipe as r on r.recipe_id = e.recipe_id
left join unpruned as u on u.recipe_id = e.recipe_id and u.split = e.split and u.seed = e.seed
where
    matches($dataset, e.dataset) and matches($split, e.split) and matches($architecture, e.architecture)
    and matches($pruner, e.pruner) and matches($sparsity, e.sparsity) and ($study is null or list_has_any(r.studies, $study))
    and matches($metric, e.metric)
group by e.dataset, e.split, e.architecture, e.pruner, e.sparsity, e.metric, r.study, e.recipe_id
;
select c.*
from computed as c
order by c.dataset, c.architecture, c.recipe_id, c.split, c.sparsity > 0, c.pruner, c.sparsity
limit $limit
