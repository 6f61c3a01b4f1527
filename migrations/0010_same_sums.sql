-- Threads add up in any order, and sums of fractions then differ in their last digit from call to call, though snapshot and ETag are
-- the same. What is averaged over runs, classes or pruners is added up in the order of the values themselves.

create or replace macro effectiveness_of_classes(task, num_true_positives, num_predicted, num_gold) as
    -- Aggregates the classes of one run: accuracy (each example has one gold class) or macro F1.
    case task when 'single_label' then sum(num_true_positives) / sum(num_gold)
    else avg(f1(num_true_positives, num_predicted, num_gold) order by f1(num_true_positives, num_predicted, num_gold)) end;

create or replace macro accuracy_over(runs) as table
select
    e.recipe_id, e.dataset, e.task, e.architecture, e.pruner, e.sparsity, e.split, count(*) as num_seeds, e.metric,
    avg(e.value order by e.value) as mean, stddev_samp(e.value order by e.value) as std
from query_table(runs) as e
group by e.recipe_id, e.dataset, e.task, e.architecture, e.pruner, e.sparsity, e.split, e.metric;

create or replace macro readability_ratio_over(means) as table
with with_ratio as (
    select p.*, p.mean_of_pies / nullif(p.mean_of_examples, 0) as ratio
    from query_table(means) as p
)
select p.* from with_ratio as p
union all
select
    p.recipe_id, p.dataset, p.task, p.architecture, 'mean' as pruner, p.sparsity, p.split, min(p.num_seeds) as num_seeds,
    p.measure, min(p.mean_of_examples) as mean_of_examples, avg(p.mean_of_pies order by p.mean_of_pies) as mean_of_pies,
    avg(p.ratio order by p.ratio) as ratio
from with_ratio as p
group by p.recipe_id, p.dataset, p.task, p.architecture, p.sparsity, p.split, p.measure;
