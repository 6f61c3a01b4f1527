-- How hard is each training example, epoch by epoch? One row per variant, training example and recorded epoch: its EL2N, mean and deviation over the runs.
select
    v.dataset, 'train' as split, v.architecture, v.pruner, v.sparsity, count(*) as num_seeds, t.example_id, t.epoch,
    exact_mean(t.el2n) as el2n_mean, exact_std(t.el2n, 1) as el2n_std, r.study, v.recipe_id
from published_run as v
join recipe as r on r.recipe_id = v.recipe_id
join el2n as t on t.run_id = v.run_id
where
    matches($dataset, v.dataset) and matches($architecture, v.architecture) and matches($pruner, v.pruner)
    and matches($sparsity, v.sparsity) and ($study is null or list_has_any(r.studies, $study))
    and matches($example_id, t.example_id) and matches($epoch, t.epoch)
group by v.dataset, v.architecture, v.pruner, v.sparsity, t.example_id, t.epoch, r.study, v.recipe_id
order by v.dataset, v.architecture, v.recipe_id, v.pruner, v.sparsity, t.example_id, t.epoch
limit $limit
