-- Which examples are PIEs, and what do both sides say of them? One row per PIE of a pruned variant (table 1).
select
    p.dataset, p.split, p.architecture, p.pruner, p.sparsity, p.num_seeds, p.example_id, p.class_ids, p.unpruned_class_ids,
    p.pruned_class_ids, p.unpruned_votes, p.pruned_votes, p.text, r.study, p.recipe_id
from pie as p
join recipe as r on r.recipe_id = p.recipe_id
where
    matches($dataset, p.dataset) and matches($split, p.split) and matches($architecture, p.architecture)
    and matches($pruner, p.pruner) and matches($sparsity, p.sparsity) and ($study is null or list_has_any(r.studies, $study))
    and ($class_id is null or list_has_any(p.class_ids, $class_id::smallint[]))
order by p.dataset, p.architecture, p.recipe_id, p.split, p.pruner, p.sparsity, p.example_id
limit $limit
