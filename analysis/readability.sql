-- Are PIEs harder to read? One row per pruned variant, split and measure; pruner 'mean' averages over the pruners (figures 5, 21 to 27).
select
    q.dataset, q.split, q.architecture, q.pruner, q.sparsity, q.num_seeds, q.measure, q.mean_of_examples, q.mean_of_pies, q.ratio,
    r.study, q.recipe_id
from readability_ratio as q
join recipe as r on r.recipe_id = q.recipe_id
where
    matches($dataset, q.dataset) and matches($split, q.split) and matches($architecture, q.architecture)
    and matches($pruner, q.pruner) and matches($sparsity, q.sparsity) and ($study is null or list_has_any(r.studies, $study))
    and matches($measure, q.measure)
order by q.dataset, q.architecture, q.recipe_id, q.split, q.pruner = 'mean', q.pruner, q.sparsity, q.measure
limit $limit
