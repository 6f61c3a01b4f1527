-- Which predictions did pruning change, run by run? One row per pruned variant, split and seed: flips, churn and loyalty of the pruned run to the unpruned run of its seed, and McNemar's exact test of the pair.
select
    f.dataset, f.split, f.architecture, f.pruner, f.sparsity, f.num_seeds, f.seed, f.num_examples, f.num_changed, f.num_to_incorrect,
    f.num_to_correct, l.probability_loyalty, r.study, f.recipe_id
from flip as f
join recipe as r on r.recipe_id = f.recipe_id
left join (
    select p.*
    from probability_loyalty as p
    where
        matches($dataset, p.dataset) and matches($split, p.split) and matches($architecture, p.architecture)
        and matches($pruner, p.pruner) and matches($sparsity, p.sparsity)
) as l on l.recipe_id = f.recipe_id and l.pruner = f.pruner and l.sparsity = f.sparsity and l.split = f.split and l.seed = f.seed
where
    matches($dataset, f.dataset) and matches($split, f.split) and matches($architecture, f.architecture)
    and matches($pruner, f.pruner) and matches($sparsity, f.sparsity) and ($study is null or list_has_any(r.studies, $study))
    and matches($seed, f.seed)
;
select c.*
from computed as c
order by c.dataset, c.architecture, c.recipe_id, c.split, c.pruner, c.sparsity, c.seed
limit $limit
