-- Do the two sides err on different examples? One row per pruned variant and split: McNemar's exact test of the majority labels' correctness (multi-label: the whole set).
select
    m.dataset, m.split, m.architecture, m.pruner, m.sparsity, m.num_seeds, count(*) as num_examples,
    count(*) filter (m.unpruned_class_ids = e.class_ids and m.pruned_class_ids = e.class_ids) as num_both_correct,
    count(*) filter (m.unpruned_class_ids = e.class_ids and m.pruned_class_ids <> e.class_ids) as num_unpruned_correct,
    count(*) filter (m.unpruned_class_ids <> e.class_ids and m.pruned_class_ids = e.class_ids) as num_pruned_correct,
    count(*) filter (m.unpruned_class_ids <> e.class_ids and m.pruned_class_ids <> e.class_ids) as num_none_correct,
    r.study, m.recipe_id
from majority_pair as m
join recipe as r on r.recipe_id = m.recipe_id
join example as e on e.dataset = m.dataset and e.split = m.split and e.example_id = m.example_id
where
    matches($dataset, m.dataset) and matches($split, m.split) and matches($architecture, m.architecture)
    and matches($pruner, m.pruner) and matches($sparsity, m.sparsity) and ($study is null or list_has_any(r.studies, $study))
group by m.dataset, m.split, m.architecture, m.pruner, m.sparsity, m.num_seeds, r.study, m.recipe_id
;
select c.*
from computed as c
order by c.dataset, c.architecture, c.recipe_id, c.split, c.pruner, c.sparsity
limit $limit
