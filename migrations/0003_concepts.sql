-- The concepts, each defined once: ad-hoc SQL, HTTP, command line and figures all read these views.
-- Runs are compared within one recipe only, over the seeds that both sides have, each at its own last epoch.
--
-- Majority labels are defined by the macro majority_pair_over, over any relation of comparisons: those that grow, or one of a stored one.
-- Of every concept about comparisons there are three: a table macro `..._over(pairs)` that defines it over any relation like
-- majority_pair; a view in the schema `stored` with what was kept of complete variants; and the view itself, which gives both, the
-- stored and the growing. Where nothing is growing, a question is answered from the schema `stored` alone.
--
-- What names a comparison is carried along as group keys rather than joined at the end: a filter goes through grouping and
-- `union all` down to the tables of comparisons, but not from one side of a join to the other.

create schema stored;

create macro matches(allowed, value) as
    -- A filter of a question: a list of values that are let through, or null for all.
    allowed is null or list_contains(allowed, value);

create macro f1(num_true_positives, num_predicted, num_gold) as
    -- A class that is neither gold nor predicted counts 0.
    case when num_predicted + num_gold = 0 then 0.0 else 2.0 * num_true_positives / (num_predicted + num_gold) end;

create macro metric_of(task) as case task when 'single_label' then 'accuracy' else 'f1_macro' end;

create macro effectiveness_of_classes(task, num_true_positives, num_predicted, num_gold) as
    -- Aggregates the classes of one run: accuracy (each example has one gold class) or macro F1.
    case task when 'single_label' then sum(num_true_positives) / sum(num_gold)
    else avg(f1(num_true_positives, num_predicted, num_gold)) end;

create macro majority_label(task, votes, num_seeds) as
    case task
        -- The first position of the largest count: on a tie the class with the lowest number.
        when 'single_label' then [(list_position(votes, list_max(votes)) - 1)::smallint]
        else [c::smallint for c in range(len(votes)) if 2 * votes[c + 1] > num_seeds]
    end;

create macro lead_of(votes) as
    -- By how many votes the first class is ahead of the second.
    list_max(votes) - coalesce(list_reverse_sort(votes)[2], 0);

create macro margin_of(task, unpruned_votes, pruned_votes, unpruned_class_ids, pruned_class_ids, num_seeds) as
    -- How decisively two sides disagree, as a share of the seeds: the lesser of their two margins, that of a class in which the
    -- label sets differ (multi-label: the most decisive such class, and its margin is that of yes over no).
    case task
        when 'single_label' then least(lead_of(unpruned_votes), lead_of(pruned_votes)) / num_seeds
        else list_max([
            least(abs(2 * unpruned_votes[c + 1] - num_seeds), abs(2 * pruned_votes[c + 1] - num_seeds)) / num_seeds
            for c in range(len(unpruned_votes))
            if list_contains(unpruned_class_ids, c::smallint) <> list_contains(pruned_class_ids, c::smallint)
        ])
    end;

create macro influence_bin_of(recipe_id, influence, example_id) as
    -- 20 bins of equal count, by ascending influence.
    ntile(20) over (partition by recipe_id order by influence, example_id);

create view published_run as
select
    r.run_id, r.recipe_id, r.dataset, d.task, d.num_classes, r.architecture, r.pruner, r.sparsity, r.seed, r.last_epoch
from run as r
join dataset as d on d.dataset = r.dataset
where r.status = 'published';
comment on view published_run is 'One row per published run, with what its dataset asks for.';

create view recipe as
select s.recipe_id, list(s.study order by s.study) as studies, string_agg(s.study, ', ' order by s.study) as study
from recipe_study as s
group by s.recipe_id;
comment on view recipe is 'One row per recipe: the studies that have runs of it. Only runs of one recipe are compared.';

create view variant as
select
    r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity, count(*) as num_seeds,
    list(r.seed order by r.seed) as seeds
from published_run as r
group by r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity;
comment on view variant is 'One row per variant: the published runs of one recipe, pruner and sparsity, which differ in their seed.';

create view growing_comparison as
select
    r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity, r.split, max(r.num_examples) as num_examples,
    count(*)::integer as num_seeds, list(r.seed order by r.seed) as seeds,
    list(u.run_id order by r.seed) as unpruned_run_ids, list(u.last_epoch order by r.seed) as unpruned_epochs,
    list(r.run_id order by r.seed) as pruned_run_ids, list(r.last_epoch order by r.seed) as pruned_epochs
from evaluated_run as r
join evaluated_run as u on u.pruner = 'none' and u.recipe_id = r.recipe_id and u.split = r.split and u.seed = r.seed
anti join stored_comparison as s
    on s.recipe_id = r.recipe_id and s.pruner = r.pruner and s.sparsity = r.sparsity and s.split = r.split
where r.pruner <> 'none'
group by r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity, r.split;
comment on view growing_comparison is 'One row per pruned variant and split whose answers are not stored: the runs by which it is compared with the unpruned variant, those of the seeds that both have.';

create view comparison as
select s.* exclude (comparison_id, num_pies), true as is_stored
from stored_comparison as s
union all by name
select g.*, false as is_stored
from growing_comparison as g;
comment on view comparison is 'One row per pruned variant and split: the runs by which it is compared with the unpruned variant, those of the seeds that both have.';

create view run_pair as
select
    c.recipe_id, c.dataset, c.task, c.num_classes, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.num_examples,
    unnest(c.seeds) as seed, unnest(c.pruned_run_ids) as pruned_run_id, unnest(c.pruned_epochs) as pruned_epoch,
    unnest(c.unpruned_run_ids) as unpruned_run_id, unnest(c.unpruned_epochs) as unpruned_epoch
from comparison as c;
comment on view run_pair is 'One row per pruned run and split with the unpruned run of the same seed.';

create macro majority_pair_over(comparisons) as table
with ballot as (
    select
        c.recipe_id, c.dataset, c.task, c.num_classes, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds,
        unnest(list_concat(c.unpruned_run_ids, c.pruned_run_ids)) as run_id,
        unnest(list_concat(c.unpruned_epochs, c.pruned_epochs)) as epoch,
        unnest([number >= c.num_seeds for number in range(2 * c.num_seeds)]) as is_pruned
    from query_table(comparisons) as c
),
class_vote as (
    select
        b.recipe_id, b.dataset, b.task, b.num_classes, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, p.example_id, p.class_id,
        count(*) filter (not b.is_pruned) as unpruned_votes, count(*) filter (b.is_pruned) as pruned_votes
    from ballot as b
    join prediction as p on p.run_id = b.run_id and p.split = b.split and p.epoch = b.epoch
    group by b.recipe_id, b.dataset, b.task, b.num_classes, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, p.example_id, p.class_id
),
counted as (
    select v.* from class_vote as v
    union all
    -- An example for which no run predicted any class has no prediction, but has a majority: the empty set.
    select c.recipe_id, c.dataset, c.task, c.num_classes, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, e.example_id, 0 as class_id, 0 as unpruned_votes, 0 as pruned_votes
    from query_table(comparisons) as c
    join example as e on e.dataset = c.dataset and e.split = c.split
    where c.task = 'multi_label'
),
voted as (
    select
        c.recipe_id, c.dataset, c.task, c.num_classes, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.example_id,
        map(list(c.class_id) filter (c.unpruned_votes > 0), list(c.unpruned_votes) filter (c.unpruned_votes > 0)) as unpruned_votes_of,
        map(list(c.class_id) filter (c.pruned_votes > 0), list(c.pruned_votes) filter (c.pruned_votes > 0)) as pruned_votes_of
    from counted as c
    group by c.recipe_id, c.dataset, c.task, c.num_classes, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.example_id
),
ballot_box as (
    select
        v.recipe_id, v.dataset, v.task, v.num_classes, v.architecture, v.pruner, v.sparsity, v.split, v.num_seeds, v.example_id,
        [coalesce(v.unpruned_votes_of[c], 0)::smallint for c in range(v.num_classes)] as unpruned_votes,
        [coalesce(v.pruned_votes_of[c], 0)::smallint for c in range(v.num_classes)] as pruned_votes
    from voted as v
),
elected as (
    select
        b.*, majority_label(b.task, b.unpruned_votes, b.num_seeds) as unpruned_class_ids,
        majority_label(b.task, b.pruned_votes, b.num_seeds) as pruned_class_ids
    from ballot_box as b
)
select
    e.recipe_id, e.dataset, e.task, e.num_classes, e.architecture, e.pruner, e.sparsity, e.split, e.num_seeds, e.example_id, e.unpruned_class_ids, e.pruned_class_ids,
    e.unpruned_votes, e.pruned_votes, e.unpruned_class_ids <> e.pruned_class_ids as is_pie
from elected as e;
create view growing_majority_pair as
select m.* from majority_pair_over('growing_comparison') as m;
comment on view growing_majority_pair is 'One row per pruned variant, split and example that is not stored: the majority labels of both sides, computed from the predictions.';

create view stored.majority_pair as
select
    c.recipe_id, c.dataset, c.task, c.num_classes, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, m.example_id, m.unpruned_class_ids, m.pruned_class_ids,
    m.unpruned_votes, m.pruned_votes, m.is_pie
from stored_comparison as c
join stored_majority as m on m.comparison_id = c.comparison_id;
comment on view stored.majority_pair is 'One row per pruned variant, split and example: the majority labels of both sides over the same seeds. Those whose answers are stored.';
create view majority_pair as
select s.* from stored.majority_pair as s
union all by name
select g.* from growing_majority_pair as g;
comment on view majority_pair is 'One row per pruned variant, split and example: the majority labels of both sides over the same seeds.';

create view majority as
with seed_set as (
    -- The unpruned majority is taken over the seeds of each comparison: most often they are the same for all.
    select c.recipe_id, c.pruner, c.sparsity, c.split, c.seeds, row_number() over (
        partition by c.recipe_id, c.split, c.seeds order by c.pruner, c.sparsity
    ) = 1 as is_first
    from comparison as c
)
select
    m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, s.seeds, m.num_seeds, m.example_id,
    m.pruned_votes as votes, m.pruned_class_ids as class_ids
from majority_pair as m
join seed_set as s on s.recipe_id = m.recipe_id and s.pruner = m.pruner and s.sparsity = m.sparsity and s.split = m.split
union all
select
    m.recipe_id, m.dataset, m.task, m.architecture, 'none' as pruner, 0.0 as sparsity, m.split, s.seeds, m.num_seeds,
    m.example_id, m.unpruned_votes as votes, m.unpruned_class_ids as class_ids
from majority_pair as m
join seed_set as s on s.recipe_id = m.recipe_id and s.pruner = m.pruner and s.sparsity = m.sparsity and s.split = m.split
where s.is_first;
comment on view majority is 'One row per variant, set of seeds, split and example: the majority label over those seeds (paper, section 2). Single-label: the class with most votes, the lowest on a tie; multi-label: the classes predicted by more than half of the seeds. A pruned variant has the seeds of its comparison; the unpruned one has every set of seeds that a comparison needs.';

create macro pie_over(pairs) as table
select
    m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, m.example_id, e.class_ids,
    m.unpruned_class_ids, m.pruned_class_ids, m.unpruned_votes, m.pruned_votes,
    margin_of(m.task, m.unpruned_votes, m.pruned_votes, m.unpruned_class_ids, m.pruned_class_ids, m.num_seeds) as margin, e.text, e.num_tokens
from query_table(pairs) as m
join example as e on e.dataset = m.dataset and e.split = m.split and e.example_id = m.example_id
where m.is_pie;

create view stored.pie as
select i.* from pie_over('stored.majority_pair') as i;
comment on view stored.pie is 'One row per PIE: an example whose majority label (set) differs between the pruned and the unpruned variant (paper, section 2). Those whose answers are stored.';
create view pie as
select s.* from stored.pie as s
union all by name
select i.* from pie_over('growing_majority_pair') as i;
comment on view pie is 'One row per PIE: an example whose majority label (set) differs between the pruned and the unpruned variant (paper, section 2).';

create macro pie_rate_over(pairs) as table
select
    m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, count(*) as num_examples, count(*) filter (m.is_pie) as num_pies,
    count(*) filter (m.is_pie) / count(*) as pie_rate
from query_table(pairs) as m
group by m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds;

create view stored.pie_rate as
select c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.num_examples, c.num_pies, c.num_pies / c.num_examples as pie_rate
from stored_comparison as c;
comment on view stored.pie_rate is 'One row per pruned variant and split: the share of examples that are PIEs (table 4). Those whose answers are stored.';
create view pie_rate as
select s.* from stored.pie_rate as s
union all by name
select r.* from pie_rate_over('growing_majority_pair') as r;
comment on view pie_rate is 'One row per pruned variant and split: the share of examples that are PIEs (table 4).';

create view growing_effectiveness as
with outcome as (
    -- Every class of the dataset counts, also one that is neither gold nor predicted.
    select
        r.run_id, r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.seed, r.split, c.class_id,
        0 as num_true_positives, 0 as num_predicted, 0 as num_gold
    from evaluated_run as r
    join class as c on c.dataset = r.dataset
    where r.value is null
    union all
    select
        r.run_id, r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.seed, r.split, g.class_id,
        0 as num_true_positives, 0 as num_predicted, g.num_gold
    from evaluated_run as r
    join (
        select e.dataset, e.split, e.class_id, count(*) as num_gold
        from (
            select e.dataset, e.split, unnest(e.class_ids) as class_id
            from example as e
            join (select distinct r.dataset, r.split from evaluated_run as r where r.value is null) as u
                on u.dataset = e.dataset and u.split = e.split
        ) as e
        group by e.dataset, e.split, e.class_id
    ) as g on g.dataset = r.dataset and g.split = r.split
    where r.value is null
    union all
    select
        r.run_id, r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.seed, r.split, p.class_id,
        count(*) filter (list_contains(e.class_ids, p.class_id)) as num_true_positives, count(*) as num_predicted, 0 as num_gold
    from evaluated_run as r
    join prediction as p on p.run_id = r.run_id and p.split = r.split and p.epoch = r.last_epoch
    join example as e on e.dataset = r.dataset and e.split = r.split and e.example_id = p.example_id
    where r.value is null
    group by
        r.run_id, r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.seed, r.split, p.class_id
),
per_class as (
    select
        o.run_id, o.recipe_id, o.dataset, o.task, o.architecture, o.pruner, o.sparsity, o.seed, o.split, o.class_id,
        sum(o.num_true_positives) as num_true_positives, sum(o.num_predicted) as num_predicted, sum(o.num_gold) as num_gold
    from outcome as o
    group by
        o.run_id, o.recipe_id, o.dataset, o.task, o.architecture, o.pruner, o.sparsity, o.seed, o.split, o.class_id
)
select
    p.run_id, p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.seed, p.split,
    metric_of(p.task) as metric,
    effectiveness_of_classes(p.task, p.num_true_positives, p.num_predicted, p.num_gold) as value
from per_class as p
group by p.run_id, p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.seed, p.split;
comment on view growing_effectiveness is 'One row per published run and split whose effectiveness is not stored: computed from the predictions.';

create view stored.effectiveness as
select
    r.run_id, r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.seed, r.split,
    metric_of(r.task) as metric, r.value
from evaluated_run as r
where r.value is not null;
comment on view stored.effectiveness is 'One row per published run and split: accuracy (single-label) or macro F1 over all classes of the dataset (multi-label) at the run''s last epoch. Those whose answers are stored.';
create view effectiveness as
select s.* from stored.effectiveness as s
union all by name
select g.* from growing_effectiveness as g;
comment on view effectiveness is 'One row per published run and split: accuracy (single-label) or macro F1 over all classes of the dataset (multi-label) at the run''s last epoch.';

create macro accuracy_over(runs) as table
select
    e.recipe_id, e.dataset, e.task, e.architecture, e.pruner, e.sparsity, e.split, count(*) as num_seeds, e.metric,
    avg(e.value) as mean, stddev_samp(e.value) as std
from query_table(runs) as e
group by e.recipe_id, e.dataset, e.task, e.architecture, e.pruner, e.sparsity, e.split, e.metric;

create view stored.accuracy as
select a.* from accuracy_over('stored.effectiveness') as a;
comment on view stored.accuracy is 'One row per variant and split: effectiveness over all its seeds (table 9). From stored effectiveness alone.';
create view accuracy as
select a.* from accuracy_over('effectiveness') as a;
comment on view accuracy is 'One row per variant and split: effectiveness over all its seeds (table 9).';

create view growing_run as
select
    c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, unnest(list_concat(c.seeds, c.seeds)) as seed,
    unnest([case when number < c.num_seeds then 'unpruned' else 'pruned' end for number in range(2 * c.num_seeds)]) as side,
    unnest(list_concat(c.unpruned_run_ids, c.pruned_run_ids)) as run_id,
    unnest(list_concat(c.unpruned_epochs, c.pruned_epochs)) as epoch
from growing_comparison as c;
comment on view growing_run is 'One row per run, of either side, of a comparison whose answers are not stored.';

create macro effectiveness_on_pies_of_run_over(pairs) as table
with pie as materialized (
    select m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, m.example_id, e.class_ids
    from query_table(pairs) as m
    join example as e on e.dataset = m.dataset and e.split = m.split and e.example_id = m.example_id
    where m.is_pie
),
class_of_run as (
    -- Every class of the dataset counts, also one that no PIE has and no run predicts.
    select
        z.recipe_id, z.dataset, z.task, z.architecture, z.pruner, z.sparsity, z.split, z.num_seeds, r.seed, r.side, r.run_id, z.num_pies, k.class_id,
        0 as num_true_positives, 0 as num_predicted, 0 as num_gold
    from (select i.recipe_id, i.dataset, i.task, i.architecture, i.pruner, i.sparsity, i.split, i.num_seeds, count(*) as num_pies from pie as i group by i.recipe_id, i.dataset, i.task, i.architecture, i.pruner, i.sparsity, i.split, i.num_seeds) as z
    join growing_run as r on r.recipe_id = z.recipe_id and r.pruner = z.pruner and r.sparsity = z.sparsity and r.split = z.split
    join class as k on k.dataset = z.dataset
    union all
    select
        g.recipe_id, g.dataset, g.task, g.architecture, g.pruner, g.sparsity, g.split, g.num_seeds, r.seed, r.side, r.run_id, 0 as num_pies, g.class_id,
        0 as num_true_positives, 0 as num_predicted, g.num_gold
    from (
        select i.recipe_id, i.dataset, i.task, i.architecture, i.pruner, i.sparsity, i.split, i.num_seeds, i.class_id, count(*) as num_gold
        from (select i.recipe_id, i.dataset, i.task, i.architecture, i.pruner, i.sparsity, i.split, i.num_seeds, unnest(i.class_ids) as class_id from pie as i) as i
        group by i.recipe_id, i.dataset, i.task, i.architecture, i.pruner, i.sparsity, i.split, i.num_seeds, i.class_id
    ) as g
    join growing_run as r on r.recipe_id = g.recipe_id and r.pruner = g.pruner and r.sparsity = g.sparsity and r.split = g.split
    union all
    select
        i.recipe_id, i.dataset, i.task, i.architecture, i.pruner, i.sparsity, i.split, i.num_seeds, r.seed, r.side, r.run_id, 0 as num_pies, p.class_id,
        count(*) filter (list_contains(i.class_ids, p.class_id)) as num_true_positives, count(*) as num_predicted, 0 as num_gold
    from pie as i
    join growing_run as r on r.recipe_id = i.recipe_id and r.pruner = i.pruner and r.sparsity = i.sparsity and r.split = i.split
    join prediction as p
        on p.run_id = r.run_id and p.split = r.split and p.epoch = r.epoch and p.example_id = i.example_id
    group by i.recipe_id, i.dataset, i.task, i.architecture, i.pruner, i.sparsity, i.split, i.num_seeds, r.seed, r.side, r.run_id, p.class_id
),
per_class as (
    select
        o.recipe_id, o.dataset, o.task, o.architecture, o.pruner, o.sparsity, o.split, o.num_seeds, o.seed, o.side, o.run_id, o.class_id, max(o.num_pies) as num_pies,
        sum(o.num_true_positives) as num_true_positives, sum(o.num_predicted) as num_predicted, sum(o.num_gold) as num_gold
    from class_of_run as o
    group by o.recipe_id, o.dataset, o.task, o.architecture, o.pruner, o.sparsity, o.split, o.num_seeds, o.seed, o.side, o.run_id, o.class_id
)
select
    p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.num_seeds, p.seed, p.side, p.run_id, max(p.num_pies) as num_pies, metric_of(p.task) as metric,
    effectiveness_of_classes(p.task, p.num_true_positives, p.num_predicted, p.num_gold) as value
from per_class as p
group by p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.num_seeds, p.seed, p.side, p.run_id;

create view stored.effectiveness_on_pies_of_run as
select
    c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, s.seed, s.side, s.run_id, c.num_pies, metric_of(c.task) as metric, s.value
from stored_comparison as c
join stored_on_pies_of_run as s on s.comparison_id = c.comparison_id;
comment on view stored.effectiveness_on_pies_of_run is 'One row per compared run (both sides of a pruned variant) and split that has PIEs: its accuracy or macro F1 on the PIEs alone. Those whose answers are stored.';
create view effectiveness_on_pies_of_run as
select s.* from stored.effectiveness_on_pies_of_run as s
union all by name
select r.* from effectiveness_on_pies_of_run_over('growing_majority_pair') as r;
comment on view effectiveness_on_pies_of_run is 'One row per compared run (both sides of a pruned variant) and split that has PIEs: its accuracy or macro F1 on the PIEs alone.';

create macro effectiveness_on_pies_over(pairs, on_pies_of_run, on_all_of_run) as table
with part as (
    -- Three aggregates of a comparison, each in columns of its own, are brought together by grouping.
    select
        r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds,
        avg(e.value) filter (r.side = 'unpruned') as unpruned_on_all, avg(e.value) filter (r.side = 'pruned') as pruned_on_all
    from growing_run as r
    join query_table(on_all_of_run) as e on e.run_id = r.run_id and e.split = r.split
    group by r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds
    union all by name
    select
        r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds,
        avg(r.value) filter (r.side = 'unpruned') as unpruned_on_pies_mean,
        stddev_samp(r.value) filter (r.side = 'unpruned') as unpruned_on_pies_std,
        avg(r.value) filter (r.side = 'pruned') as pruned_on_pies_mean,
        stddev_samp(r.value) filter (r.side = 'pruned') as pruned_on_pies_std
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

create view growing_effectiveness_on_pies_of_run as
select r.* from effectiveness_on_pies_of_run_over('growing_majority_pair') as r;
comment on view growing_effectiveness_on_pies_of_run is 'One row per run of a comparison that is not stored and has PIEs: its accuracy or macro F1 on the PIEs alone.';

create view stored.effectiveness_on_pies as
select
    c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, metric_of(c.task) as metric, c.num_pies,
    s.unpruned_on_all, s.pruned_on_all, s.unpruned_on_pies, s.pruned_on_pies,
    s.unpruned_on_pies_mean, s.unpruned_on_pies_std, s.pruned_on_pies_mean, s.pruned_on_pies_std
from stored_comparison as c
join stored_on_pies as s on s.comparison_id = c.comparison_id;
comment on view stored.effectiveness_on_pies is 'One row per pruned variant and split: effectiveness on all examples and on its PIEs, of both sides (table 10, figure 3). Those whose answers are stored.';
create view effectiveness_on_pies as
select s.* from stored.effectiveness_on_pies as s
union all by name
select e.*
from effectiveness_on_pies_over('growing_majority_pair', 'growing_effectiveness_on_pies_of_run', 'effectiveness') as e;
comment on view effectiveness_on_pies is 'One row per pruned variant and split: effectiveness on all examples and on its PIEs, of both sides (table 10, figure 3).';

create macro class_distribution_over(pairs) as table
with pair as materialized (
    select m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, m.is_pie, e.class_ids
    from query_table(pairs) as m
    join example as e on e.dataset = m.dataset and e.split = m.split and e.example_id = m.example_id
),
size as (
    select m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, count(*) as num_in_split, count(*) filter (m.is_pie) as num_all_pies
    from pair as m
    group by m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds
),
counted as (
    select z.recipe_id, z.dataset, z.task, z.architecture, z.pruner, z.sparsity, z.split, z.num_seeds, z.num_in_split, z.num_all_pies, k.class_id, k.name as class_name, 0 as num_examples, 0 as num_pies
    from size as z
    join class as k on k.dataset = z.dataset
    union all
    select
        m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, null as num_in_split, null as num_all_pies, m.class_id, null as class_name, count(*) as num_examples,
        count(*) filter (m.is_pie) as num_pies
    from (select m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, m.is_pie, unnest(m.class_ids) as class_id from pair as m) as m
    group by m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, m.class_id
),
per_class as (
    select
        c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.class_id, max(c.class_name) as class_name, max(c.num_in_split) as num_in_split,
        max(c.num_all_pies) as num_all_pies, sum(c.num_examples)::bigint as num_examples, sum(c.num_pies)::bigint as num_pies
    from counted as c
    group by c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.class_id
)
select
    p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.num_seeds, p.class_id, p.class_name, p.num_examples, p.num_pies,
    p.num_examples / p.num_in_split as share_of_examples, p.num_pies / nullif(p.num_all_pies, 0) as share_of_pies
from per_class as p;

create view stored.class_distribution as
select
    c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, s.class_id, s.class_name, s.num_examples, s.num_pies,
    s.num_examples / c.num_examples as share_of_examples, s.num_pies / nullif(c.num_pies, 0) as share_of_pies
from stored_comparison as c
join stored_class_distribution as s on s.comparison_id = c.comparison_id;
comment on view stored.class_distribution is 'One row per pruned variant, split and class: its share among all examples and among PIEs (figures 2 and 6). A multi-label example counts once for each of its classes. Those whose answers are stored.';
create view class_distribution as
select s.* from stored.class_distribution as s
union all by name
select d.* from class_distribution_over('growing_majority_pair') as d;
comment on view class_distribution is 'One row per pruned variant, split and class: its share among all examples and among PIEs (figures 2 and 6). A multi-label example counts once for each of its classes.';

create view influence as
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
    avg(e.el2n::double) as influence
from influence_epoch as r
join el2n as e on e.run_id = r.run_id and e.epoch = r.epoch
group by r.recipe_id, r.dataset, r.architecture, e.example_id;
comment on view influence is 'One row per recipe and training example: its EL2N, averaged over the unpruned seeds at the first epoch past 30 % of the epochs (paper, section 4.2).';

create macro influence_bin_over(pairs) as table
with pair as materialized (
    select m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, m.example_id, m.is_pie
    from query_table(pairs) as m
    where m.split = 'train'
),
binned as (
    select
        i.recipe_id, i.example_id, i.influence, influence_bin_of(i.recipe_id, i.influence, i.example_id) as bin
    from (select distinct m.recipe_id from pair as m) as o
    join influence as i on i.recipe_id = o.recipe_id
)
select
    m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, b.bin, min(b.influence) as el2n_min, max(b.influence) as el2n_max, count(*) as num_examples,
    count(*) filter (m.is_pie) as num_pies, count(*) filter (m.is_pie) / count(*) as pie_rate
from pair as m
join binned as b on b.recipe_id = m.recipe_id and b.example_id = m.example_id
group by m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, b.bin;

create view stored.influence_bin as
select c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, s.bin, s.el2n_min, s.el2n_max, s.num_examples, s.num_pies, s.num_pies / s.num_examples as pie_rate
from stored_comparison as c
join stored_influence_bin as s on s.comparison_id = c.comparison_id;
comment on view stored.influence_bin is 'One row per pruned variant and bin: training examples in 20 bins of equal count by influence, bin 20 the most influential, and the share of each that are PIEs of the training set (figures 4, 14 to 20). Those whose answers are stored.';
create view influence_bin as
select s.* from stored.influence_bin as s
union all by name
select b.* from influence_bin_over('growing_majority_pair') as b;
comment on view influence_bin is 'One row per pruned variant and bin: training examples in 20 bins of equal count by influence, bin 20 the most influential, and the share of each that are PIEs of the training set (figures 4, 14 to 20).';

create view readability_measure as
select u.dataset, u.split, u.example_id, u.measure, u.value
from (
    unpivot (
        select
            r.dataset, r.split, r.example_id, r.automated_readability_index, r.coleman_liau_index, r.flesch_kincaid_grade,
            r.linsear_write_formula, r.gunning_fog, r.dale_chall_readability_score,
            r.difficult_words::double as difficult_words, e.num_tokens::double as num_tokens
        from readability as r
        join example as e on e.dataset = r.dataset and e.split = r.split and e.example_id = r.example_id
    )
    on
        automated_readability_index, coleman_liau_index, flesch_kincaid_grade, linsear_write_formula, gunning_fog,
        dale_chall_readability_score, difficult_words, num_tokens
    into name measure value value
) as u;
comment on view readability_measure is 'One row per example and measure of readability, the number of tokens among them.';

create macro readability_over(pairs) as table
select
    m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, r.measure, avg(r.value) as mean_of_examples, avg(r.value) filter (m.is_pie) as mean_of_pies
from query_table(pairs) as m
join readability_measure as r on r.dataset = m.dataset and r.split = m.split and r.example_id = m.example_id
group by m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, r.measure;

create view stored.readability_of_pruner as
select c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, s.measure, s.mean_of_examples, s.mean_of_pies
from stored_comparison as c
join stored_readability as s on s.comparison_id = c.comparison_id;
comment on view stored.readability_of_pruner is 'One row per pruned variant, split and measure: the mean over PIEs and over all examples. Those whose answers are stored.';
create view readability_of_pruner as
select s.* from stored.readability_of_pruner as s
union all by name
select r.* from readability_over('growing_majority_pair') as r;
comment on view readability_of_pruner is 'One row per pruned variant, split and measure: the mean over PIEs and over all examples.';

create macro readability_ratio_over(means) as table
with with_ratio as (
    select p.*, p.mean_of_pies / nullif(p.mean_of_examples, 0) as ratio
    from query_table(means) as p
)
select p.* from with_ratio as p
union all
select
    p.recipe_id, p.dataset, p.task, p.architecture, 'mean' as pruner, p.sparsity, p.split, min(p.num_seeds) as num_seeds,
    p.measure, any_value(p.mean_of_examples) as mean_of_examples, avg(p.mean_of_pies) as mean_of_pies, avg(p.ratio) as ratio
from with_ratio as p
group by p.recipe_id, p.dataset, p.task, p.architecture, p.sparsity, p.split, p.measure;

create view stored.readability_ratio as
select r.* from readability_ratio_over('stored.readability_of_pruner') as r;
comment on view stored.readability_ratio is 'One row per pruned variant, split and measure: the mean over PIEs divided by the mean over all examples (figures 5, 21 to 27); pruner ''mean'' averages over the pruners. Those whose answers are stored.';
create view readability_ratio as
select r.* from readability_ratio_over('readability_of_pruner') as r;
comment on view readability_ratio is 'One row per pruned variant, split and measure: the mean over PIEs divided by the mean over all examples (figures 5, 21 to 27); pruner ''mean'' averages over the pruners.';

create table view_column (
    view_name varchar not null,
    column_name varchar not null,
    comment varchar not null
);
comment on table view_column is 'One row per column of a view: what it holds (DuckLake keeps no comments on the columns of views).';
comment on column view_column.view_name is 'Name of the view.';
comment on column view_column.column_name is 'Name of the column.';
comment on column view_column.comment is 'What the column holds.';

insert into view_column values
    ('accuracy', 'num_seeds', 'Number of runs.'),
    ('accuracy', 'mean', 'Mean over the runs.'),
    ('accuracy', 'std', 'Sample standard deviation over the runs; null for one run.'),
    ('class_distribution', 'num_examples', 'Number of examples with the gold class.'),
    ('class_distribution', 'num_pies', 'Number of PIEs with the gold class.'),
    ('effectiveness', 'value', 'The run''s accuracy or macro F1, from 0 to 1.'),
    ('growing_effectiveness', 'value', 'The run''s accuracy or macro F1, from 0 to 1.'),
    ('growing_effectiveness_on_pies_of_run', 'value', 'The run''s accuracy or macro F1 on the PIEs, from 0 to 1.'),
    ('effectiveness_on_pies_of_run', 'value', 'The run''s accuracy or macro F1 on the PIEs, from 0 to 1.'),
    ('influence', 'num_seeds', 'Number of unpruned runs averaged.'),
    ('influence', 'epoch', 'The epoch whose EL2N was taken.'),
    ('majority', 'class_ids', 'The majority label: the predicted classes, ascending; exactly one for a single-label dataset.'),
    ('readability_measure', 'value', 'The example''s score.'),
    ('variant', 'num_seeds', 'Number of published runs.'),
    ('variant', 'seeds', 'Their seeds, ascending.');

insert into view_column
with meaning(column_name, comment) as (
    values
        ('run_id', 'The run.'),
        ('recipe_id', 'What only differs in pruner, sparsity and seed has one recipe.'),
        ('study', 'Names of the studies that have runs of the recipe.'),
        ('studies', 'Names of the studies that have runs of the recipe, as a list.'),
        ('dataset', 'Name of the dataset.'),
        ('task', 'single_label or multi_label.'),
        ('num_classes', 'Number of classes of the dataset.'),
        ('architecture', 'bilstm, bert or another architecture.'),
        ('pruner', 'none for unpruned, or the pruner.'),
        ('sparsity', 'Target share of the prunable weights that are removed, 0 when unpruned.'),
        ('seed', 'Seed of the run.'),
        ('seeds', 'The seeds that both sides have, ascending.'),
        ('num_seeds', 'Number of seeds that both sides have, over which the answer was taken.'),
        ('last_epoch', 'The run''s last epoch, counted from 0.'),
        ('epoch', 'The run''s last epoch, counted from 0.'),
        ('split', 'train, validation or test.'),
        ('num_examples', 'Number of examples.'),
        ('num_pies', 'Number of PIEs.'),
        ('pie_rate', 'num_pies / num_examples.'),
        ('side', 'pruned or unpruned.'),
        ('pruned_run_id', 'The pruned run.'),
        ('unpruned_run_ids', 'The unpruned runs, in the order of the seeds.'),
        ('unpruned_epochs', 'The last epoch of each unpruned run.'),
        ('pruned_run_ids', 'The pruned runs, in the order of the seeds.'),
        ('pruned_epochs', 'The last epoch of each pruned run.'),
        ('is_stored', 'Whether its answers lie in the tables stored_...; else the views compute them.'),
        ('pruned_epoch', 'The pruned run''s last epoch.'),
        ('unpruned_run_id', 'The unpruned run of the same recipe and seed.'),
        ('unpruned_epoch', 'The unpruned run''s last epoch.'),
        ('example_id', 'Number of the example, from 0 within dataset and split.'),
        ('class_ids', 'Gold classes, ascending.'),
        ('votes', 'For each class, in the order of class_id, the number of seeds that predicted it.'),
        ('unpruned_class_ids', 'Majority label of the unpruned variant.'),
        ('pruned_class_ids', 'Majority label of the pruned variant.'),
        ('unpruned_votes', 'For each class, in the order of class_id, the number of unpruned seeds that predicted it.'),
        ('pruned_votes', 'For each class, in the order of class_id, the number of pruned seeds that predicted it.'),
        ('is_pie', 'Whether the two majority labels differ.'),
        ('margin', 'How decisively the two sides disagree, as a share of the seeds: the lesser of their margins of votes (first class over second; multi-label: yes over no, in the class of the two label sets'' difference where that is largest).'),
        ('text', 'The text.'),
        ('num_tokens', 'Number of tokens by the basic_english rule, before any cut.'),
        ('metric', 'accuracy (single-label) or f1_macro (multi-label).'),
        ('unpruned_on_all', 'Effectiveness of the unpruned runs on all examples, mean over the seeds.'),
        ('pruned_on_all', 'Effectiveness of the pruned runs on all examples, mean over the seeds.'),
        ('unpruned_on_pies', 'Effectiveness of the unpruned side on the PIEs: accuracy of the majority label (single-label) or mean macro F1 of the runs (multi-label); null without PIEs.'),
        ('pruned_on_pies', 'Effectiveness of the pruned side on the PIEs, likewise.'),
        ('unpruned_on_pies_mean', 'Mean over the unpruned runs of each run''s effectiveness on the PIEs.'),
        ('unpruned_on_pies_std', 'Sample standard deviation over the unpruned runs; null for one run.'),
        ('pruned_on_pies_mean', 'Mean over the pruned runs of each run''s effectiveness on the PIEs.'),
        ('pruned_on_pies_std', 'Sample standard deviation over the pruned runs; null for one run.'),
        ('class_id', 'Number of the class, from 0.'),
        ('class_name', 'Name of the class.'),
        ('share_of_examples', 'Share of all examples that have the gold class.'),
        ('share_of_pies', 'Share of the PIEs that have the gold class; null without PIEs.'),
        ('influence', 'EL2N, mean over the unpruned seeds.'),
        ('bin', 'Number of the bin, 1 to 20, by ascending influence.'),
        ('el2n_min', 'Smallest influence in the bin.'),
        ('el2n_max', 'Largest influence in the bin.'),
        ('measure', 'Name of the measure of readability.'),
        ('mean_of_examples', 'Mean of the measure over all examples.'),
        ('mean_of_pies', 'Mean of the measure over the PIEs; null without PIEs.'),
        ('ratio', 'mean_of_pies / mean_of_examples; null without PIEs or where the mean is 0.')
),
view_columns as (
    select c.table_name, c.column_name
    from duckdb_columns() as c
    join duckdb_views() as v on v.database_name = c.database_name and v.view_name = c.table_name
    where c.database_name = 'warehouse' and c.schema_name = 'main' and v.schema_name = 'main' and not v.internal
)
select c.table_name, c.column_name, m.comment
from view_columns as c
join meaning as m on m.column_name = c.column_name
where (c.table_name, c.column_name) not in (select (s.view_name, s.column_name) from view_column as s);
