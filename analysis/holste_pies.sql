-- On which examples do both sides rank the classes least alike? One row per pruned variant, split and example among the lowest rank correlations: PIEs as Holste et al. 2023 define them, the least alike first.
select
    c.dataset, c.split, c.architecture, c.pruner, c.sparsity, c.num_seeds, c.num_examples, c.example_id, e.class_ids, c.rank_correlation,
    m.is_pie, c.study, c.recipe_id
from (
    select
        k.*, r.study, count(*) over of_variant as num_examples,
        row_number() over (of_variant order by k.rank_correlation nulls last, k.example_id) as place
    from rank_correlation as k
    join recipe as r on r.recipe_id = k.recipe_id
    where
        matches($dataset, k.dataset) and matches($split, k.split) and matches($architecture, k.architecture)
        and matches($pruner, k.pruner) and matches($sparsity, k.sparsity) and ($study is null or list_has_any(r.studies, $study))
    window of_variant as (partition by k.recipe_id, k.pruner, k.sparsity, k.split)
) as c
join (
    select p.*
    from majority_pair as p
    where
        matches($dataset, p.dataset) and matches($split, p.split) and matches($architecture, p.architecture)
        and matches($pruner, p.pruner) and matches($sparsity, p.sparsity)
) as m
    on m.recipe_id = c.recipe_id and m.pruner = c.pruner and m.sparsity = c.sparsity and m.split = c.split and m.example_id = c.example_id
join example as e on e.dataset = c.dataset and e.split = c.split and e.example_id = c.example_id
where c.place <= $share * c.num_examples and c.rank_correlation is not null
order by c.dataset, c.architecture, c.recipe_id, c.split, c.pruner, c.sparsity, c.rank_correlation, c.example_id
limit $limit
