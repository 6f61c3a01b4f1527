-- Which classes does pruning hit harder or less hard than the rest? One row per pruned variant, split and class: its recall beside that of all classes on both sides, and Welch's t-test of the difference (Hooker et al. 2019).
select
    c.dataset, c.split, c.architecture, c.pruner, c.sparsity, c.num_seeds, c.class_id, k.name as class_name, c.num_gold as num_examples,
    avg(c.recall order by c.seed) filter (c.side = 'unpruned') as unpruned_recall, avg(c.recall order by c.seed) filter (c.side = 'pruned') as pruned_recall,
    avg(c.recall_of_all order by c.seed) filter (c.side = 'unpruned') as unpruned_recall_of_all,
    avg(c.recall_of_all order by c.seed) filter (c.side = 'pruned') as pruned_recall_of_all,
    coalesce(stddev_samp(c.recall - c.recall_of_all order by c.seed) filter (c.side = 'unpruned'), 0) as unpruned_std,
    coalesce(stddev_samp(c.recall - c.recall_of_all order by c.seed) filter (c.side = 'pruned'), 0) as pruned_std, r.study, c.recipe_id
from class_recall as c
join recipe as r on r.recipe_id = c.recipe_id
join class as k on k.dataset = c.dataset and k.class_id = c.class_id
where
    matches($dataset, c.dataset) and matches($split, c.split) and matches($architecture, c.architecture)
    and matches($pruner, c.pruner) and matches($sparsity, c.sparsity) and ($study is null or list_has_any(r.studies, $study))
    and matches($class_id, c.class_id)
group by
    c.dataset, c.split, c.architecture, c.pruner, c.sparsity, c.num_seeds, c.class_id, k.name, c.num_gold, r.study, c.recipe_id
;
select c.*
from computed as c
order by c.dataset, c.architecture, c.recipe_id, c.split, c.pruner, c.sparsity, c.class_id
limit $limit
