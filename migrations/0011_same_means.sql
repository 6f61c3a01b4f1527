-- As many fractions are added up by threads in any order, their sums differ in the last digit from call to call. What 0010 does not
-- put in order, because it would take longer than the answer, is added up in whole units instead, which is exact in any order.

create macro exact_unit() as
    -- The unit is 1 / 2^40: an EL2N, a probability, a score of readability lose nothing by it, or less than anyone measures.
    1099511627776;

create macro in_units(x) as (x::double * exact_unit())::hugeint;

create macro deviation_of(number, total, total_of_squares, ddof) as
    -- Of whole numbers, from sums that are exact: divided by number - ddof, null where that is 0.
    sqrt((number * total_of_squares - total * total)::double / nullif(number * (number - ddof), 0));

create macro exact_mean(x) as
    sum(in_units(x)) / count(x) / exact_unit();

create macro exact_std(x, ddof) as
    -- Of up to 8,192 numbers below 1,000: the squares of more would not fit.
    deviation_of(count(x), sum(in_units(x)), sum(in_units(x) * in_units(x)), ddof) / exact_unit();

create or replace view influence as
with influence_epoch as (
    -- The first epoch past 30 % of the unpruned run's epochs; half-way cases to the even epoch.
    select
        r.run_id, r.recipe_id, r.dataset, r.architecture,
        least(round_even(0.3 * (r.last_epoch + 1), 0)::smallint, r.last_epoch) as epoch
    from run as r
    anti join stored_influence_recipe as s on s.recipe_id = r.recipe_id
    where r.status = 'published' and r.pruner = 'none'
)
select s.recipe_id, s.dataset, s.architecture, s.example_id, s.num_seeds, s.epoch, s.influence
from stored_influence as s
union all
select
    r.recipe_id, r.dataset, r.architecture, e.example_id, count(*) as num_seeds, any_value(r.epoch) as epoch,
    exact_mean(e.el2n) as influence
from influence_epoch as r
join el2n as e on e.run_id = r.run_id and e.epoch = r.epoch
group by r.recipe_id, r.dataset, r.architecture, e.example_id;
comment on view influence is 'One row per recipe and training example: its EL2N, averaged over the unpruned seeds at the first epoch past 30 % of the epochs (paper, section 4.2).';

create or replace macro readability_over(pairs) as table
select
    m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, r.measure, exact_mean(r.value) as mean_of_examples,
    exact_mean(case when m.is_pie then r.value end) as mean_of_pies
from query_table(pairs) as m
join readability_measure as r on r.dataset = m.dataset and r.split = m.split and r.example_id = m.example_id
group by m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, r.measure;

create or replace macro effectiveness_on_pies_over(pairs, on_pies_of_run, on_all_of_run) as table
with part as (
    -- Three aggregates of a comparison, each in columns of its own, are brought together by grouping.
    select
        r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds,
        avg(e.value order by e.value) filter (r.side = 'unpruned') as unpruned_on_all, avg(e.value order by e.value) filter (r.side = 'pruned') as pruned_on_all
    from growing_run as r
    join query_table(on_all_of_run) as e on e.run_id = r.run_id and e.split = r.split
    group by r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds
    union all by name
    select
        r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds,
        avg(r.value order by r.value) filter (r.side = 'unpruned') as unpruned_on_pies_mean,
        stddev_samp(r.value order by r.value) filter (r.side = 'unpruned') as unpruned_on_pies_std,
        avg(r.value order by r.value) filter (r.side = 'pruned') as pruned_on_pies_mean,
        stddev_samp(r.value order by r.value) filter (r.side = 'pruned') as pruned_on_pies_std
    from query_table(on_pies_of_run) as r
    group by r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds
    union all by name
    select
        m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, count(*) as num_pies,
        avg((m.unpruned_class_ids = e.class_ids)::integer) as unpruned_majority_on_pies,
        avg((m.pruned_class_ids = e.class_ids)::integer) as pruned_majority_on_pies
    from query_table(pairs) as m
    join example as e on e.dataset = m.dataset and e.split = m.split and e.example_id = m.example_id
    where m.is_pie
    group by m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds
),
whole as (
    select
        p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.num_seeds, coalesce(max(p.num_pies), 0) as num_pies,
        max(p.unpruned_on_all) as unpruned_on_all, max(p.pruned_on_all) as pruned_on_all,
        max(p.unpruned_majority_on_pies) as unpruned_majority_on_pies, max(p.pruned_majority_on_pies) as pruned_majority_on_pies,
        max(p.unpruned_on_pies_mean) as unpruned_on_pies_mean, max(p.unpruned_on_pies_std) as unpruned_on_pies_std,
        max(p.pruned_on_pies_mean) as pruned_on_pies_mean, max(p.pruned_on_pies_std) as pruned_on_pies_std
    from part as p
    group by p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.num_seeds
)
select
    w.recipe_id, w.dataset, w.task, w.architecture, w.pruner, w.sparsity, w.split, w.num_seeds, metric_of(w.task) as metric, w.num_pies,
    w.unpruned_on_all, w.pruned_on_all,
    case w.task when 'single_label' then w.unpruned_majority_on_pies else w.unpruned_on_pies_mean end as unpruned_on_pies,
    case w.task when 'single_label' then w.pruned_majority_on_pies else w.pruned_on_pies_mean end as pruned_on_pies,
    w.unpruned_on_pies_mean, w.unpruned_on_pies_std, w.pruned_on_pies_mean, w.pruned_on_pies_std
from whole as w;

create or replace view probability_loyalty as
with powers as (
    select
        l.recipe_id, l.dataset, l.task, l.architecture, l.pruner, l.sparsity, l.split, l.seed,
        class_powers(l.task, l.unpruned_logits) as unpruned_powers, class_powers(l.task, l.pruned_logits) as pruned_powers
    from logit_pair as l
),
probable as (
    select
        p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.seed,
        class_probabilities(p.task, p.unpruned_powers) as unpruned, class_probabilities(p.task, p.pruned_powers) as pruned
    from powers as p
),
diverged as (
    -- Multi-label: each class is a distribution over yes and no, and their divergences are averaged.
    select
        p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.seed,
        case p.task
            when 'single_label' then jensen_shannon(p.unpruned, p.pruned)
            else
                (jensen_shannon(p.unpruned, p.pruned) + jensen_shannon([1 - x for x in p.unpruned], [1 - x for x in p.pruned]))
                / len(p.unpruned)
        end as divergence
    from probable as p
)
select
    d.recipe_id, d.dataset, d.task, d.architecture, d.pruner, d.sparsity, d.split, d.seed,
    exact_mean(1 - sqrt(greatest(d.divergence, 0))) as probability_loyalty
from diverged as d
group by d.recipe_id, d.dataset, d.task, d.architecture, d.pruner, d.sparsity, d.split, d.seed;
comment on view probability_loyalty is 'One row per pair of runs of the same seed and split whose logits are stored: 1 - sqrt(JS), natural logarithm, mean over the examples (Xu et al. 2021).';

create or replace view confidence as
with probability as (
    select
        r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, l.split, r.run_id, r.seed, l.example_id,
        right_probability(r.task, class_probabilities(r.task, class_powers(r.task, l.logits)), e.class_ids) as probability
    from published_run as r
    join logit as l on l.run_id = r.run_id and l.epoch <= r.last_epoch
    join example as e on e.dataset = r.dataset and e.split = l.split and e.example_id = l.example_id
)
select
    p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.run_id, p.seed, p.example_id,
    count(*) as num_checkpoints, exact_mean(p.probability) as confidence,
    exact_std(p.probability, 0) as variability
from probability as p
group by p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.run_id, p.seed, p.example_id;
comment on view confidence is 'One row per published run, split and example whose logits are stored: the probability given to what is right, over the recorded epochs (Swayamdipta et al. 2020).';
