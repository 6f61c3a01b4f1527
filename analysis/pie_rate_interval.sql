-- How certain is the share of PIEs? One row per pruned variant and split: its PIE rate with a bootstrap interval over the seeds.
select b.*, r.study
from compared_ballots as b
join recipe as r on r.recipe_id = b.recipe_id
where
    matches($dataset, b.dataset) and matches($split, b.split) and matches($architecture, b.architecture)
    and matches($pruner, b.pruner) and matches($sparsity, b.sparsity) and ($study is null or list_has_any(r.studies, $study))
;
select c.*
from computed as c
order by c.dataset, c.architecture, c.recipe_id, c.split, c.pruner, c.sparsity
limit $limit
