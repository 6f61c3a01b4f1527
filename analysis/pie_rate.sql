-- What share of the examples are PIEs? One row per pruned variant and split (table 4).
select
    p.dataset, p.split, p.architecture, p.pruner, p.sparsity, p.num_seeds, p.num_examples, p.num_pies, p.pie_rate,
    r.study, p.recipe_id
from pie_rate as p
join recipe as r on r.recipe_id = p.recipe_id
where
    matches($dataset, p.dataset) and matches($split, p.split) and matches($architecture, p.architecture)
    and matches($pruner, p.pruner) and matches($sparsity, p.sparsity) and ($study is null or list_has_any(r.studies, $study))
order by p.dataset, p.architecture, p.recipe_id, p.split, p.pruner, p.sparsity
limit $limit
