-- How effective are both sides on the PIEs? One row per pruned variant and split (table 10, figure 3).
select
    e.dataset, e.split, e.architecture, e.pruner, e.sparsity, e.num_seeds, e.metric, e.num_pies, e.unpruned_on_all,
    e.pruned_on_all, e.unpruned_on_pies, e.pruned_on_pies, e.unpruned_on_pies_mean, e.unpruned_on_pies_std,
    e.pruned_on_pies_mean, e.pruned_on_pies_std, r.study, e.recipe_id
from effectiveness_on_pies as e
join recipe as r on r.recipe_id = e.recipe_id
where
    matches($dataset, e.dataset) and matches($split, e.split) and matches($architecture, e.architecture)
    and matches($pruner, e.pruner) and matches($sparsity, e.sparsity) and ($study is null or list_has_any(r.studies, $study))
    and matches($metric, e.metric)
order by e.dataset, e.architecture, e.recipe_id, e.split, e.pruner, e.sparsity
limit $limit
