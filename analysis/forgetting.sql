-- Which examples are learnt and forgotten again? One row per variant, split and example: forgetting events over the recorded epochs (Toneva et al. 2019), mean over the seeds.
select
    f.dataset, f.split, f.architecture, f.pruner, f.sparsity, f.num_seeds, f.example_id, f.num_checkpoints as num_epochs,
    f.num_forgettings / f.num_seeds as forgettings, f.num_never_learnt / f.num_seeds as never_learnt,
    f.num_never_forgotten / f.num_seeds as unforgettable, r.study, f.recipe_id
from forgetting as f
join recipe as r on r.recipe_id = f.recipe_id
where
    matches($dataset, f.dataset) and matches($split, f.split) and matches($architecture, f.architecture)
    and matches($pruner, f.pruner) and matches($sparsity, f.sparsity) and ($study is null or list_has_any(r.studies, $study))
    and matches($example_id, f.example_id)
order by f.dataset, f.architecture, f.recipe_id, f.split, f.pruner, f.sparsity, f.example_id
limit $limit
