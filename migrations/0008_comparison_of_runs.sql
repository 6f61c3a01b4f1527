-- The runs that are compared are paired in one place: for what is growing, and for `pie check`, which holds all against what is stored.

create macro comparison_except(stored) as table
select
    r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity, r.split, max(r.num_examples) as num_examples,
    count(*)::integer as num_seeds, list(r.seed order by r.seed) as seeds,
    list(u.run_id order by r.seed) as unpruned_run_ids, list(u.last_epoch order by r.seed) as unpruned_epochs,
    list(r.run_id order by r.seed) as pruned_run_ids, list(r.last_epoch order by r.seed) as pruned_epochs
from evaluated_run as r
join evaluated_run as u on u.pruner = 'none' and u.recipe_id = r.recipe_id and u.split = r.split and u.seed = r.seed
anti join query_table(stored) as s
    on s.recipe_id = r.recipe_id and s.pruner = r.pruner and s.sparsity = r.sparsity and s.split = r.split
where r.pruner <> 'none'
group by r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity, r.split;

create or replace view growing_comparison as
select c.* from comparison_except('stored_comparison') as c;
comment on view growing_comparison is 'One row per pruned variant and split whose answers are not stored: the runs by which it is compared with the unpruned variant, those of the seeds that both have.';
