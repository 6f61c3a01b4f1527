-- Where does each example lie on the data map? One row per variant, split and example: confidence, variability and correctness over the recorded epochs (Swayamdipta et al. 2020), mean over the seeds.
select
    f.dataset, f.split, f.architecture, f.pruner, f.sparsity, f.num_seeds, f.example_id, f.num_checkpoints as num_epochs, c.confidence,
    c.variability, f.num_correct / f.num_recorded as correctness, r.study, f.recipe_id
from forgetting as f
join recipe as r on r.recipe_id = f.recipe_id
left join (
    select
        o.recipe_id, o.pruner, o.sparsity, o.split, o.example_id, avg(o.confidence order by o.seed) as confidence, avg(o.variability order by o.seed) as variability
    from confidence as o
    where
        matches($dataset, o.dataset) and matches($split, o.split) and matches($architecture, o.architecture)
        and matches($pruner, o.pruner) and matches($sparsity, o.sparsity) and matches($example_id, o.example_id)
    group by o.recipe_id, o.pruner, o.sparsity, o.split, o.example_id
) as c on c.recipe_id = f.recipe_id and c.pruner = f.pruner and c.sparsity = f.sparsity and c.split = f.split and c.example_id = f.example_id
where
    matches($dataset, f.dataset) and matches($split, f.split) and matches($architecture, f.architecture)
    and matches($pruner, f.pruner) and matches($sparsity, f.sparsity) and ($study is null or list_has_any(r.studies, $study))
    and matches($example_id, f.example_id)
order by f.dataset, f.architecture, f.recipe_id, f.split, f.pruner, f.sparsity, f.example_id
limit $limit
