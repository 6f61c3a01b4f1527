-- Which variants are there, with how many seeds, and how large? One row per variant (tables 5 and 6).
with size as (
    select
        r.recipe_id, r.pruner, r.sparsity, max(r.num_parameters) as num_parameters, max(r.num_prunable) as num_prunable,
        max(r.num_pruned) as num_pruned
    from run as r
    where r.status = 'published'
    group by r.recipe_id, r.pruner, r.sparsity
)
select
    v.dataset, v.architecture, v.pruner, v.sparsity, v.num_seeds, v.seeds, v.task, v.num_classes, s.num_parameters, s.num_prunable,
    s.num_pruned, r.study, v.recipe_id
from variant as v
join recipe as r on r.recipe_id = v.recipe_id
join size as s on s.recipe_id = v.recipe_id and s.pruner = v.pruner and s.sparsity = v.sparsity
where
    matches($dataset, v.dataset) and matches($architecture, v.architecture) and matches($pruner, v.pruner)
    and matches($sparsity, v.sparsity) and ($study is null or list_has_any(r.studies, $study))
order by v.dataset, v.architecture, v.recipe_id, v.sparsity > 0, v.pruner, v.sparsity
limit $limit
