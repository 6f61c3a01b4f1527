-- Are PIEs the influential training examples? One row per pruned variant and bin: 20 bins of equal count by EL2N (figures 4, 14 to 20).
select
    b.dataset, b.split, b.architecture, b.pruner, b.sparsity, b.num_seeds, b.bin, b.el2n_min, b.el2n_max, b.num_examples,
    b.num_pies, b.pie_rate, r.study, b.recipe_id
from influence_bin as b
join recipe as r on r.recipe_id = b.recipe_id
where
    matches($dataset, b.dataset) and matches($architecture, b.architecture)
    and matches($pruner, b.pruner) and matches($sparsity, b.sparsity) and ($study is null or list_has_any(r.studies, $study))
order by b.dataset, b.architecture, b.recipe_id, b.pruner, b.sparsity, b.bin
limit $limit
