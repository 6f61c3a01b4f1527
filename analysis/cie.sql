-- Which examples did compression move most? One row per pruned variant, split and example whose votes differ between the sides, the farthest first (modal and taxicab CIE).
select
    e.dataset, e.split, e.architecture, e.pruner, e.sparsity, e.num_seeds, e.example_id, e.taxicab_distance, e.is_modal_cie, r.study,
    e.recipe_id
from cie as e
join recipe as r on r.recipe_id = e.recipe_id
where
    e.taxicab_distance > 0 and matches($dataset, e.dataset) and matches($split, e.split) and matches($architecture, e.architecture)
    and matches($pruner, e.pruner) and matches($sparsity, e.sparsity) and ($study is null or list_has_any(r.studies, $study))
order by e.dataset, e.architecture, e.recipe_id, e.split, e.pruner, e.sparsity, e.taxicab_distance desc, e.example_id
limit $limit
