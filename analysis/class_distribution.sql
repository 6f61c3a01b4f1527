-- Which classes are the PIEs of? One row per pruned variant, split and gold class, the most frequent class first (figures 2 and 6).
select
    c.dataset, c.split, c.architecture, c.pruner, c.sparsity, c.num_seeds, c.class_id, c.class_name, c.num_examples, c.num_pies,
    c.share_of_examples, c.share_of_pies, r.study, c.recipe_id
from class_distribution as c
join recipe as r on r.recipe_id = c.recipe_id
where
    matches($dataset, c.dataset) and matches($split, c.split) and matches($architecture, c.architecture)
    and matches($pruner, c.pruner) and matches($sparsity, c.sparsity) and ($study is null or list_has_any(r.studies, $study))
    and matches($class_id::smallint[], c.class_id)
order by c.dataset, c.architecture, c.recipe_id, c.split, c.pruner, c.sparsity, c.num_examples desc, c.class_id
limit $limit
