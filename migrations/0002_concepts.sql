-- The concepts, each defined once: ad-hoc SQL, HTTP, command line and figures all read these views.
-- Runs are compared within one recipe only, over the seeds that both sides have, each at its own last epoch.

create macro matches(allowed, value) as
    -- A filter of a question: a list of values that are let through, or null for all.
    allowed is null or list_contains(allowed, value);

create view published_run as
select
    r.run_id, r.recipe_id, r.dataset, d.task, d.num_classes, r.architecture, r.pruner, r.sparsity, r.seed, r.last_epoch
from run as r
join dataset as d on d.dataset = r.dataset
where r.status = 'published';
comment on view published_run is 'One row per published run, with what its dataset asks for.';

create view recipe as
with names as (
    select s.recipe_id, s.study from study as s
    union
    select r.recipe_id, r.study from run as r
)
select n.recipe_id, list(n.study order by n.study) as studies, string_agg(n.study, ', ' order by n.study) as study
from names as n
group by n.recipe_id;
comment on view recipe is 'One row per recipe: the studies that have runs of it. Only runs of one recipe are compared.';

create view variant as
select
    r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity, count(*) as num_seeds,
    list(r.seed order by r.seed) as seeds
from published_run as r
group by r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity;
comment on view variant is 'One row per variant: the published runs of one recipe, pruner and sparsity, which differ in their seed.';

create view evaluated_run as
select
    r.run_id, r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity, r.seed, r.last_epoch,
    e.split, e.num_examples
from published_run as r
join evaluation as e on e.run_id = r.run_id and e.epoch = r.last_epoch;
comment on view evaluated_run is 'One row per published run and split whose predictions at the run''s last epoch are stored.';

create view run_pair as
select
    p.recipe_id, p.dataset, p.task, p.num_classes, p.architecture, p.pruner, p.sparsity, p.split, p.num_examples, p.seed,
    p.run_id as pruned_run_id, p.last_epoch as pruned_epoch, u.run_id as unpruned_run_id, u.last_epoch as unpruned_epoch
from evaluated_run as p
join evaluated_run as u
    on u.recipe_id = p.recipe_id and u.split = p.split and u.seed = p.seed and u.pruner = 'none'
where p.pruner <> 'none';
comment on view run_pair is 'One row per pruned run and split with the unpruned run of the same seed.';

create view comparison as
select
    p.recipe_id, p.dataset, p.task, p.num_classes, p.architecture, p.pruner, p.sparsity, p.split,
    any_value(p.num_examples) as num_examples, list(p.seed order by p.seed) as seeds, count(*) as num_seeds
from run_pair as p
group by p.recipe_id, p.dataset, p.task, p.num_classes, p.architecture, p.pruner, p.sparsity, p.split;
comment on view comparison is 'One row per pruned variant and split: the seeds over which it is compared with the unpruned variant.';

create view majority as
with seed_set as (
    -- The unpruned majority is taken over the seeds of each comparison: most often they are the same for all.
    select c.recipe_id, c.dataset, c.task, c.num_classes, c.architecture, c.pruner, c.sparsity, c.split, c.seeds
    from comparison as c
    union
    select c.recipe_id, c.dataset, c.task, c.num_classes, c.architecture, 'none' as pruner, 0.0 as sparsity, c.split, c.seeds
    from comparison as c
),
voter as (
    select
        s.recipe_id, s.pruner, s.sparsity, s.split, s.seeds, r.run_id, r.last_epoch
    from (select t.*, unnest(t.seeds) as seed from seed_set as t) as s
    join evaluated_run as r
        on r.recipe_id = s.recipe_id and r.pruner = s.pruner and r.sparsity = s.sparsity and r.split = s.split
        and r.seed = s.seed
),
class_vote as (
    select v.recipe_id, v.pruner, v.sparsity, v.split, v.seeds, p.example_id, p.class_id, count(*) as num_votes
    from voter as v
    join prediction as p on p.run_id = v.run_id and p.split = v.split and p.epoch = v.last_epoch
    group by v.recipe_id, v.pruner, v.sparsity, v.split, v.seeds, p.example_id, p.class_id
),
voted as (
    select c.recipe_id, c.pruner, c.sparsity, c.split, c.seeds, c.example_id, map(list(c.class_id), list(c.num_votes)) as votes_of
    from class_vote as c
    group by c.recipe_id, c.pruner, c.sparsity, c.split, c.seeds, c.example_id
),
ballot as (
    -- An example for which no run predicted any class has no prediction, but has a majority: the empty set.
    select
        s.recipe_id, s.dataset, s.task, s.architecture, s.pruner, s.sparsity, s.split, s.seeds, len(s.seeds) as num_seeds,
        e.example_id, [coalesce(v.votes_of[c::smallint], 0) for c in range(s.num_classes)] as votes
    from seed_set as s
    join example as e on e.dataset = s.dataset and e.split = s.split
    left join voted as v
        on v.recipe_id = s.recipe_id and v.pruner = s.pruner and v.sparsity = s.sparsity and v.split = s.split
        and v.seeds = s.seeds and v.example_id = e.example_id
)
select
    b.recipe_id, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.seeds, b.num_seeds, b.example_id, b.votes,
    case b.task
        -- The first position of the largest count: on a tie the class with the lowest number.
        when 'single_label' then [list_position(b.votes, list_max(b.votes)) - 1]
        else [c for c in range(len(b.votes)) if 2 * b.votes[c + 1] > b.num_seeds]
    end as class_ids
from ballot as b;
comment on view majority is 'One row per variant, set of seeds, split and example: the majority label over those seeds (paper, section 2). Single-label: the class with most votes, the lowest on a tie; multi-label: the classes predicted by more than half of the seeds. A pruned variant has the seeds of its comparison; the unpruned one has every set of seeds that a comparison needs.';

create view majority_pair as
select
    p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.seeds, p.num_seeds, p.example_id,
    u.class_ids as unpruned_class_ids, p.class_ids as pruned_class_ids, u.votes as unpruned_votes, p.votes as pruned_votes,
    u.class_ids <> p.class_ids as is_pie
from majority as p
join majority as u
    on u.recipe_id = p.recipe_id and u.split = p.split and u.seeds = p.seeds and u.example_id = p.example_id
    and u.pruner = 'none'
where p.pruner <> 'none';
comment on view majority_pair is 'One row per pruned variant, split and example: the majority labels of both sides over the same seeds.';

create view pie as
select
    m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, m.example_id, e.class_ids,
    m.unpruned_class_ids, m.pruned_class_ids, m.unpruned_votes, m.pruned_votes, e.text
from majority_pair as m
join example as e on e.dataset = m.dataset and e.split = m.split and e.example_id = m.example_id
where m.is_pie;
comment on view pie is 'One row per PIE: an example whose majority label (set) differs between the pruned and the unpruned variant (paper, section 2).';

create view pie_rate as
select
    m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds,
    count(*) as num_examples, count(*) filter (m.is_pie) as num_pies, count(*) filter (m.is_pie) / count(*) as pie_rate
from majority_pair as m
group by m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds;
comment on view pie_rate is 'One row per pruned variant and split: the share of examples that are PIEs (table 4).';

create macro f1(num_true_positives, num_predicted, num_gold) as
    -- A class that is neither gold nor predicted counts 0.
    case when num_predicted + num_gold = 0 then 0.0 else 2.0 * num_true_positives / (num_predicted + num_gold) end;

create view effectiveness as
with gold as (
    select e.dataset, e.split, g.class_id, count(*) as num_gold
    from example as e, unnest(e.class_ids) as g(class_id)
    group by e.dataset, e.split, g.class_id
),
predicted as (
    select
        r.run_id, r.split, p.class_id, count(*) as num_predicted,
        count(*) filter (list_contains(e.class_ids, p.class_id)) as num_true_positives
    from evaluated_run as r
    join prediction as p on p.run_id = r.run_id and p.split = r.split and p.epoch = r.last_epoch
    join example as e on e.dataset = r.dataset and e.split = r.split and e.example_id = p.example_id
    group by r.run_id, r.split, p.class_id
),
per_class as (
    select
        r.run_id, r.split, coalesce(p.num_true_positives, 0) as num_true_positives, coalesce(p.num_predicted, 0) as num_predicted,
        coalesce(g.num_gold, 0) as num_gold
    from evaluated_run as r
    join class as c on c.dataset = r.dataset
    left join predicted as p on p.run_id = r.run_id and p.split = r.split and p.class_id = c.class_id
    left join gold as g on g.dataset = r.dataset and g.split = r.split and g.class_id = c.class_id
),
score as (
    select
        s.run_id, s.split, sum(s.num_true_positives) as num_true_positives,
        avg(f1(s.num_true_positives, s.num_predicted, s.num_gold)) as f1_macro
    from per_class as s
    group by s.run_id, s.split
)
select
    r.run_id, r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.seed, r.split,
    case r.task when 'single_label' then 'accuracy' else 'f1_macro' end as metric,
    case r.task when 'single_label' then s.num_true_positives / r.num_examples else s.f1_macro end as value
from evaluated_run as r
join score as s on s.run_id = r.run_id and s.split = r.split;
comment on view effectiveness is 'One row per published run and split: accuracy (single-label) or macro F1 over all classes of the dataset (multi-label) at the run''s last epoch.';

create view accuracy as
select
    e.recipe_id, e.dataset, e.task, e.architecture, e.pruner, e.sparsity, e.split, count(*) as num_seeds, e.metric,
    avg(e.value) as mean, stddev_samp(e.value) as std
from effectiveness as e
group by e.recipe_id, e.dataset, e.task, e.architecture, e.pruner, e.sparsity, e.split, e.metric;
comment on view accuracy is 'One row per variant and split: effectiveness over all its seeds (table 9).';

create view effectiveness_on_pies_of_run as
with run as (
    select
        p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.seed, 'pruned' as side,
        p.pruned_run_id as run_id, p.pruned_epoch as epoch
    from run_pair as p
    union all
    select
        p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.seed, 'unpruned' as side,
        p.unpruned_run_id as run_id, p.unpruned_epoch as epoch
    from run_pair as p
),
size as (
    select i.recipe_id, i.pruner, i.sparsity, i.split, count(*) as num_pies
    from pie as i
    group by i.recipe_id, i.pruner, i.sparsity, i.split
),
gold as (
    select i.recipe_id, i.pruner, i.sparsity, i.split, g.class_id, count(*) as num_gold
    from pie as i, unnest(i.class_ids) as g(class_id)
    group by i.recipe_id, i.pruner, i.sparsity, i.split, g.class_id
),
predicted as (
    select
        r.recipe_id, r.pruner, r.sparsity, r.split, r.side, r.seed, p.class_id, count(*) as num_predicted,
        count(*) filter (list_contains(i.class_ids, p.class_id)) as num_true_positives
    from run as r
    join prediction as p on p.run_id = r.run_id and p.split = r.split and p.epoch = r.epoch
    join pie as i
        on i.recipe_id = r.recipe_id and i.pruner = r.pruner and i.sparsity = r.sparsity and i.split = r.split
        and i.example_id = p.example_id
    group by r.recipe_id, r.pruner, r.sparsity, r.split, r.side, r.seed, p.class_id
),
score as (
    select
        r.recipe_id, r.pruner, r.sparsity, r.split, r.side, r.seed,
        sum(coalesce(p.num_true_positives, 0)) as num_true_positives,
        avg(f1(coalesce(p.num_true_positives, 0), coalesce(p.num_predicted, 0), coalesce(g.num_gold, 0))) as f1_macro
    from run as r
    join class as c on c.dataset = r.dataset
    left join predicted as p
        on p.recipe_id = r.recipe_id and p.pruner = r.pruner and p.sparsity = r.sparsity and p.split = r.split
        and p.side = r.side and p.seed = r.seed and p.class_id = c.class_id
    left join gold as g
        on g.recipe_id = r.recipe_id and g.pruner = r.pruner and g.sparsity = r.sparsity and g.split = r.split
        and g.class_id = c.class_id
    group by r.recipe_id, r.pruner, r.sparsity, r.split, r.side, r.seed
)
select
    r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.seed, r.side, r.run_id, z.num_pies,
    case r.task when 'single_label' then 'accuracy' else 'f1_macro' end as metric,
    case r.task when 'single_label' then s.num_true_positives / z.num_pies else s.f1_macro end as value
from run as r
join size as z
    on z.recipe_id = r.recipe_id and z.pruner = r.pruner and z.sparsity = r.sparsity and z.split = r.split
join score as s
    on s.recipe_id = r.recipe_id and s.pruner = r.pruner and s.sparsity = r.sparsity and s.split = r.split
    and s.side = r.side and s.seed = r.seed;
comment on view effectiveness_on_pies_of_run is 'One row per compared run (both sides of a pruned variant) and split that has PIEs: its accuracy or macro F1 on the PIEs alone.';

create view effectiveness_on_pies as
with on_all as (
    select
        p.recipe_id, p.pruner, p.sparsity, p.split, avg(u.value) as unpruned_on_all, avg(q.value) as pruned_on_all
    from run_pair as p
    join effectiveness as u on u.run_id = p.unpruned_run_id and u.split = p.split
    join effectiveness as q on q.run_id = p.pruned_run_id and q.split = p.split
    group by p.recipe_id, p.pruner, p.sparsity, p.split
),
of_runs as (
    select
        r.recipe_id, r.pruner, r.sparsity, r.split,
        avg(r.value) filter (r.side = 'unpruned') as unpruned_on_pies_mean,
        stddev_samp(r.value) filter (r.side = 'unpruned') as unpruned_on_pies_std,
        avg(r.value) filter (r.side = 'pruned') as pruned_on_pies_mean,
        stddev_samp(r.value) filter (r.side = 'pruned') as pruned_on_pies_std
    from effectiveness_on_pies_of_run as r
    group by r.recipe_id, r.pruner, r.sparsity, r.split
),
of_majority as (
    select
        i.recipe_id, i.pruner, i.sparsity, i.split, count(*) as num_pies,
        avg((i.unpruned_class_ids = i.class_ids)::integer) as unpruned_on_pies,
        avg((i.pruned_class_ids = i.class_ids)::integer) as pruned_on_pies
    from pie as i
    group by i.recipe_id, i.pruner, i.sparsity, i.split
)
select
    c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds,
    case c.task when 'single_label' then 'accuracy' else 'f1_macro' end as metric, coalesce(m.num_pies, 0) as num_pies,
    a.unpruned_on_all, a.pruned_on_all,
    case c.task when 'single_label' then m.unpruned_on_pies else r.unpruned_on_pies_mean end as unpruned_on_pies,
    case c.task when 'single_label' then m.pruned_on_pies else r.pruned_on_pies_mean end as pruned_on_pies,
    r.unpruned_on_pies_mean, r.unpruned_on_pies_std, r.pruned_on_pies_mean, r.pruned_on_pies_std
from comparison as c
join on_all as a
    on a.recipe_id = c.recipe_id and a.pruner = c.pruner and a.sparsity = c.sparsity and a.split = c.split
left join of_majority as m
    on m.recipe_id = c.recipe_id and m.pruner = c.pruner and m.sparsity = c.sparsity and m.split = c.split
left join of_runs as r
    on r.recipe_id = c.recipe_id and r.pruner = c.pruner and r.sparsity = c.sparsity and r.split = c.split;
comment on view effectiveness_on_pies is 'One row per pruned variant and split: effectiveness on all examples and on its PIEs, of both sides (table 10, figure 3).';

create view class_distribution as
with gold as (
    select e.dataset, e.split, g.class_id, count(*) as num_examples
    from example as e, unnest(e.class_ids) as g(class_id)
    group by e.dataset, e.split, g.class_id
),
pie_gold as (
    select i.recipe_id, i.pruner, i.sparsity, i.split, g.class_id, count(*) as num_pies
    from pie as i, unnest(i.class_ids) as g(class_id)
    group by i.recipe_id, i.pruner, i.sparsity, i.split, g.class_id
)
select
    r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds, k.class_id, k.name as class_name,
    coalesce(g.num_examples, 0) as num_examples, coalesce(p.num_pies, 0) as num_pies,
    coalesce(g.num_examples, 0) / r.num_examples as share_of_examples,
    case when r.num_pies > 0 then coalesce(p.num_pies, 0) / r.num_pies end as share_of_pies
from pie_rate as r
join class as k on k.dataset = r.dataset
left join gold as g on g.dataset = r.dataset and g.split = r.split and g.class_id = k.class_id
left join pie_gold as p
    on p.recipe_id = r.recipe_id and p.pruner = r.pruner and p.sparsity = r.sparsity and p.split = r.split
    and p.class_id = k.class_id;
comment on view class_distribution is 'One row per pruned variant, split and class: its share among all examples and among PIEs (figures 2 and 6). A multi-label example counts once for each of its classes.';

create view influence as
with influence_epoch as (
    -- The first epoch past 30 % of the unpruned run's epochs; half-way cases to the even epoch.
    select
        r.run_id, r.recipe_id, r.dataset, r.architecture,
        least(round_even(0.3 * (r.last_epoch + 1), 0)::smallint, r.last_epoch) as epoch
    from published_run as r
    where r.pruner = 'none'
)
select
    r.recipe_id, r.dataset, r.architecture, e.example_id, count(*) as num_seeds, any_value(r.epoch) as epoch,
    avg(e.el2n::double) as influence
from influence_epoch as r
join el2n as e on e.run_id = r.run_id and e.epoch = r.epoch
group by r.recipe_id, r.dataset, r.architecture, e.example_id;
comment on view influence is 'One row per recipe and training example: its EL2N, averaged over the unpruned seeds at the first epoch past 30 % of the epochs (paper, section 4.2).';

create view influence_bin as
with binned as (
    select
        i.recipe_id, i.example_id, i.influence,
        ntile(20) over (partition by i.recipe_id order by i.influence, i.example_id) as bin
    from influence as i
)
select
    m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, b.bin,
    min(b.influence) as el2n_min, max(b.influence) as el2n_max, count(*) as num_examples,
    count(*) filter (m.is_pie) as num_pies, count(*) filter (m.is_pie) / count(*) as pie_rate
from majority_pair as m
join binned as b on b.recipe_id = m.recipe_id and b.example_id = m.example_id
where m.split = 'train'
group by m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, b.bin;
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

create view readability_ratio as
with of_examples as (
    select m.dataset, m.split, m.measure, avg(m.value) as mean_of_examples
    from readability_measure as m
    group by m.dataset, m.split, m.measure
),
of_pies as (
    select i.recipe_id, i.pruner, i.sparsity, i.split, m.measure, avg(m.value) as mean_of_pies
    from pie as i
    join readability_measure as m on m.dataset = i.dataset and m.split = i.split and m.example_id = i.example_id
    group by i.recipe_id, i.pruner, i.sparsity, i.split, m.measure
),
of_pruner as (
    select
        c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, e.measure, e.mean_of_examples,
        p.mean_of_pies, p.mean_of_pies / nullif(e.mean_of_examples, 0) as ratio
    from comparison as c
    join of_examples as e on e.dataset = c.dataset and e.split = c.split
    left join of_pies as p
        on p.recipe_id = c.recipe_id and p.pruner = c.pruner and p.sparsity = c.sparsity and p.split = c.split
        and p.measure = e.measure
),
of_all_pruners as (
    select
        p.recipe_id, p.dataset, p.task, p.architecture, 'mean' as pruner, p.sparsity, p.split, min(p.num_seeds) as num_seeds, p.measure,
        any_value(p.mean_of_examples) as mean_of_examples, avg(p.mean_of_pies) as mean_of_pies, avg(p.ratio) as ratio
    from of_pruner as p
    group by p.recipe_id, p.dataset, p.task, p.architecture, p.sparsity, p.split, p.measure
)
select o.* from of_pruner as o
union all
select a.* from of_all_pruners as a;
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
        ('split', 'train, validation or test.'),
        ('num_examples', 'Number of examples.'),
        ('num_pies', 'Number of PIEs.'),
        ('pie_rate', 'num_pies / num_examples.'),
        ('side', 'pruned or unpruned.'),
        ('pruned_run_id', 'The pruned run.'),
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
        ('text', 'The text.'),
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
    where c.database_name = 'warehouse' and not v.internal
)
select c.table_name, c.column_name, m.comment
from view_columns as c
join meaning as m on m.column_name = c.column_name
where (c.table_name, c.column_name) not in (select (s.view_name, s.column_name) from view_column as s);
