-- How effective are the models? One row per variant and split: accuracy or macro F1, mean and deviation over its runs (table 9).
select
    a.dataset, a.split, a.architecture, a.pruner, a.sparsity, a.num_seeds, a.metric, a.mean, a.std, r.study, a.recipe_id
from accuracy as a
join recipe as r on r.recipe_id = a.recipe_id
where
    matches($dataset, a.dataset) and matches($split, a.split) and matches($architecture, a.architecture)
    and matches($pruner, a.pruner) and matches($sparsity, a.sparsity) and ($study is null or list_has_any(r.studies, $study))
    and matches($metric, a.metric)
order by a.dataset, a.architecture, a.recipe_id, a.split, a.sparsity > 0, a.pruner, a.sparsity
limit $limit
