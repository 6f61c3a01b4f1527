-- Which runs are there, and what became of them? One row per run.
select
    r.run_id, r.study, r.dataset, r.architecture, r.pruner, r.scoring, r.schedule, r.tuning, r.sparsity, r.seed, r.status, r.threshold,
    r.num_parameters, r.num_prunable, r.num_pruned, r.measured_sparsity, r.last_epoch, r.started_at, r.finished_at, r.failure,
    r.config, r.versions, r.recipe_id
from run as r
where
    matches($dataset, r.dataset) and matches($architecture, r.architecture) and matches($pruner, r.pruner)
    and matches($sparsity, r.sparsity) and matches($study, r.study) and matches($seed, r.seed) and matches($status, r.status)
order by r.dataset, r.architecture, r.recipe_id, r.sparsity > 0, r.pruner, r.sparsity, r.seed
limit $limit
