-- Which variants are there, and with how many seeds? One row per variant.
select
    v.dataset, v.architecture, v.pruner, v.sparsity, v.num_seeds, v.seeds, v.task, v.num_classes, r.study, v.recipe_id
from variant as v
join recipe as r on r.recipe_id = v.recipe_id
where
    matches($dataset, v.dataset) and matches($architecture, v.architecture) and matches($pruner, v.pruner)
    and matches($sparsity, v.sparsity) and ($study is null or list_has_any(r.studies, $study))
order by v.dataset, v.architecture, v.recipe_id, v.sparsity > 0, v.pruner, v.sparsity
limit $limit
