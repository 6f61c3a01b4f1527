-- Further measures, over the same stored outputs: Holste et al. 2023, Hooker et al. 2019, Toneva et al. 2019, Swayamdipta et al. 2020.
-- As everywhere, what names a comparison is carried along as group keys, so that a filter goes down to the tables.

create macro average_ranks(numbers) as
    -- Each number's rank among them, from 1; equal ones share the mean of their ranks.
    [
        len(list_filter(numbers, lambda y: y < x)) + (len(list_filter(numbers, lambda y: y = x)) + 1) / 2
        for x in numbers
    ];

create macro right_probability(task, probabilities, class_ids) as
    -- What was given to the gold class, or (multi-label) on average to the right one of each class's yes and no.
    case task
        when 'single_label' then probabilities[class_ids[1] + 1]
        else list_avg([
            case when list_contains(class_ids, (c - 1)::smallint) then probabilities[c] else 1 - probabilities[c] end
            for c in range(1, len(probabilities) + 1)
        ])
    end;

create view compared_run as
select
    c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.num_examples,
    unnest(list_concat(c.seeds, c.seeds)) as seed,
    unnest([case when number < c.num_seeds then 'unpruned' else 'pruned' end for number in range(2 * c.num_seeds)]) as side,
    unnest(list_concat(c.unpruned_run_ids, c.pruned_run_ids)) as run_id,
    unnest(list_concat(c.unpruned_epochs, c.pruned_epochs)) as epoch
from comparison as c;
comment on view compared_run is 'One row per run, of either side, of the comparison of a pruned variant with the unpruned one.';

create view class_recall as
with counted as (
    select
        r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds, r.seed, r.side, g.class_id, g.num_gold,
        0 as num_found
    from compared_run as r
    join (
        select e.dataset, e.split, e.class_id, count(*) as num_gold
        from (select x.dataset, x.split, unnest(x.class_ids) as class_id from example as x) as e
        group by e.dataset, e.split, e.class_id
    ) as g on g.dataset = r.dataset and g.split = r.split
    union all
    select
        r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds, r.seed, r.side, p.class_id, 0 as num_gold,
        count(*) as num_found
    from compared_run as r
    join prediction as p on p.run_id = r.run_id and p.split = r.split and p.epoch = r.epoch
    join example as e on e.dataset = r.dataset and e.split = r.split and e.example_id = p.example_id
    where list_contains(e.class_ids, p.class_id)
    group by
        r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds, r.seed, r.side, p.class_id
),
per_class as (
    select
        c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.seed, c.side, c.class_id,
        sum(c.num_gold)::bigint as num_gold, sum(c.num_found)::bigint as num_found
    from counted as c
    group by c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.seed, c.side, c.class_id
)
select
    p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.num_seeds, p.seed, p.side, p.class_id, p.num_gold,
    p.num_found, p.num_found / p.num_gold as recall,
    -- Of all gold labels: with one label an example, the accuracy.
    sum(p.num_found) over of_run / sum(p.num_gold) over of_run as recall_of_all
from per_class as p
window of_run as (
    partition by p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.num_seeds, p.seed, p.side
);
comment on view class_recall is 'One row per compared run (both sides of a pruned variant), split and class that any example has: how many of the class the run finds, and how many of all gold labels.';

create view rank_correlation as
with probability as (
    select
        l.recipe_id, l.dataset, l.task, l.architecture, l.pruner, l.sparsity, l.split, l.example_id,
        class_probabilities(l.task, class_powers(l.task, l.unpruned_logits)) as unpruned,
        class_probabilities(l.task, class_powers(l.task, l.pruned_logits)) as pruned
    from logit_pair as l
),
of_class as (
    select
        p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.example_id, unnest(range(len(p.unpruned))) as class_id,
        unnest(p.unpruned) as unpruned, unnest(p.pruned) as pruned
    from probability as p
),
averaged as (
    select
        c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.example_id, c.class_id, count(*) as num_seeds,
        avg(c.unpruned) as unpruned, avg(c.pruned) as pruned
    from of_class as c
    group by c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.example_id, c.class_id
),
ranked as (
    select
        a.recipe_id, a.dataset, a.task, a.architecture, a.pruner, a.sparsity, a.split, a.example_id, max(a.num_seeds) as num_seeds,
        unnest(average_ranks(list(a.unpruned order by a.class_id))) as unpruned_rank,
        unnest(average_ranks(list(a.pruned order by a.class_id))) as pruned_rank
    from averaged as a
    group by a.recipe_id, a.dataset, a.task, a.architecture, a.pruner, a.sparsity, a.split, a.example_id
)
select
    r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds, r.example_id,
    -- Rounded, so that what is equal is equal whatever the order in which it was summed.
    case
        when var_pop(r.unpruned_rank) > 0 and var_pop(r.pruned_rank) > 0 then round(corr(r.unpruned_rank, r.pruned_rank), 12)
    end as rank_correlation
from ranked as r
group by r.recipe_id, r.dataset, r.task, r.architecture, r.pruner, r.sparsity, r.split, r.num_seeds, r.example_id;
comment on view rank_correlation is 'One row per pruned variant, split and example whose logits are stored on both sides: Spearman''s correlation, across the classes, of the probabilities that both sides predict on average over the seeds (Holste et al. 2023).';

create view correctness as
with recorded as (
    select
        v.recipe_id, v.dataset, v.task, v.architecture, v.pruner, v.sparsity, v.split, v.num_seeds, v.checkpoint, v.block,
        bit_or(v.voter_bit) as recorded
    from voter as v
    group by v.recipe_id, v.dataset, v.task, v.architecture, v.pruner, v.sparsity, v.split, v.num_seeds, v.checkpoint, v.block
),
voted as (
    select
        b.recipe_id, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, b.checkpoint, b.block, b.example_id,
        b.class_id, bit_or(b.voters) as voters
    from ballot as b
    group by
        b.recipe_id, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, b.checkpoint, b.block, b.example_id,
        b.class_id
),
judged as (
    select v.*, e.class_ids, 0::ubigint as recorded
    from voted as v
    join example as e on e.dataset = v.dataset and e.split = v.split and e.example_id = v.example_id
    union all by name
    -- An example for which no seed predicts any class has no ballot, and may be right all the same.
    select r.*, e.example_id, e.class_ids
    from recorded as r
    join example as e on e.dataset = r.dataset and e.split = r.split
)
select
    j.recipe_id, j.dataset, j.task, j.architecture, j.pruner, j.sparsity, j.split, j.num_seeds, j.checkpoint, j.example_id, j.block,
    bit_or(j.recorded) as recorded,
    bit_or(j.recorded) & ~coalesce(wrong_voters(j.class_ids, j.class_id, j.voters, j.num_seeds, j.block), 0::ubigint) as correct
from judged as j
group by
    j.recipe_id, j.dataset, j.task, j.architecture, j.pruner, j.sparsity, j.split, j.num_seeds, j.checkpoint, j.example_id, j.block;
comment on view correctness is 'One row per variant, split, recorded epoch, example and block of 64 seeds: which seeds have recorded it, and which of those have exactly the gold classes.';

create view forgetting as
with step as (
    select
        c.*,
        c.recorded & ~c.correct & lag(c.correct, 1, 0::ubigint) over (
            partition by
                c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.example_id, c.block
            order by c.checkpoint
        ) as forgotten
    from correctness as c
),
of_block as (
    select
        s.recipe_id, s.dataset, s.task, s.architecture, s.pruner, s.sparsity, s.split, s.num_seeds, s.example_id, s.block,
        count(*) as num_checkpoints, bit_or(s.recorded) as recorded, bit_or(s.correct) as learnt, bit_or(s.forgotten) as forgotten,
        sum(bit_count(s.recorded)) as num_recorded, sum(bit_count(s.correct)) as num_correct, sum(bit_count(s.forgotten)) as num_forgettings
    from step as s
    group by s.recipe_id, s.dataset, s.task, s.architecture, s.pruner, s.sparsity, s.split, s.num_seeds, s.example_id, s.block
)
select
    b.recipe_id, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, b.example_id,
    max(b.num_checkpoints) as num_checkpoints, sum(b.num_recorded)::bigint as num_recorded, sum(b.num_correct)::bigint as num_correct,
    sum(b.num_forgettings)::bigint as num_forgettings, sum(bit_count(b.recorded & ~b.learnt))::bigint as num_never_learnt,
    sum(bit_count(b.learnt & ~b.forgotten))::bigint as num_never_forgotten
from of_block as b
group by b.recipe_id, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, b.example_id;
comment on view forgetting is 'One row per variant, split and example: how often a seed that had it right at one recorded epoch has it wrong at the next (Toneva et al. 2019), over all seeds.';

create view confidence as
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
    count(*) as num_checkpoints, avg(p.probability) as confidence, stddev_pop(p.probability) as variability
from probability as p
group by p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.run_id, p.seed, p.example_id;
comment on view confidence is 'One row per published run, split and example whose logits are stored: the probability given to what is right, over the recorded epochs (Swayamdipta et al. 2020).';

create view compared_ballots as
with voted as (
    select b.* exclude (num_classes) from ballot_pair as b
    union all by name
    -- Runs that predict no class for any example have no ballot, and a comparison all the same.
    select c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.num_examples
    from comparison as c
)
select
    v.recipe_id, v.dataset, v.task, v.architecture, v.pruner, v.sparsity, v.split, v.num_seeds, v.num_examples,
    list({
        'example_id': v.example_id, 'class_id': v.class_id, 'block': v.block, 'unpruned_voters': v.unpruned_voters,
        'pruned_voters': v.pruned_voters
    }) filter (v.example_id is not null) as ballots
from voted as v
group by v.recipe_id, v.dataset, v.task, v.architecture, v.pruner, v.sparsity, v.split, v.num_seeds, v.num_examples;
comment on view compared_ballots is 'One row per pruned variant and split: all ballots of both sides, as a list.';

create view unpruned_ballots as
with voted as (
    select
        b.recipe_id, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, b.num_examples, b.example_id, b.class_id,
        b.block, bit_or(b.voters) as voters
    from ballot as b
    where b.is_last and b.pruner = 'none'
    group by
        b.recipe_id, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, b.num_examples, b.example_id, b.class_id,
        b.block
    union all by name
    select distinct v.recipe_id, v.dataset, v.task, v.architecture, v.pruner, v.sparsity, v.split, v.num_seeds, v.num_examples
    from voter as v
    where v.is_last and v.pruner = 'none'
)
select
    v.recipe_id, v.dataset, v.task, v.architecture, v.pruner, v.sparsity, v.split, v.num_seeds, v.num_examples,
    list({
        'example_id': v.example_id, 'class_id': v.class_id, 'block': v.block, 'unpruned_voters': v.voters, 'pruned_voters': v.voters
    }) filter (v.example_id is not null) as ballots
from voted as v
group by v.recipe_id, v.dataset, v.task, v.architecture, v.pruner, v.sparsity, v.split, v.num_seeds, v.num_examples;
comment on view unpruned_ballots is 'One row per unpruned variant and split: all ballots of its last epochs, as a list, of the unpruned seeds on both sides.';

insert into view_column values
    ('rank_correlation', 'num_seeds', 'Number of seeds whose logits are stored on both sides.'),
    ('rank_correlation', 'rank_correlation', 'From -1 to 1; null where a side gives all classes the same probability.'),
    ('correctness', 'num_seeds', 'Number of seeds of the variant that have predictions of the split.'),
    ('forgetting', 'num_seeds', 'Number of seeds of the variant that have predictions of the split.'),
    ('unpruned_ballots', 'num_seeds', 'Number of seeds of the variant that have predictions of the split.');

insert into view_column
with meaning(column_name, comment) as (
    values
        ('side', 'unpruned or pruned.'),
        ('epoch', 'Epoch of the predictions, counted from 0.'),
        ('class_id', 'A class that an example of the split has.'),
        ('num_gold', 'Number of examples that have the class.'),
        ('num_found', 'Number of those for which the run predicts it.'),
        ('recall', 'num_found / num_gold.'),
        ('recall_of_all', 'The same over all classes together; single-label: the accuracy.'),
        ('checkpoint', 'Number of the recorded epoch within the run, from 0.'),
        ('block', 'Number of the block of 64 seeds, from 0.'),
        ('recorded', 'The bits of the seeds that recorded the epoch.'),
        ('correct', 'The bits of the seeds that predict exactly the gold classes.'),
        ('num_checkpoints', 'Number of recorded epochs (of the seed that has most).'),
        ('num_recorded', 'Number of recorded epochs of all seeds together.'),
        ('num_correct', 'Number of those at which the prediction is right.'),
        ('num_forgettings', 'Number of times, over all seeds, that it is right at a recorded epoch and wrong at the next.'),
        ('num_never_learnt', 'Number of seeds that have it right at no recorded epoch.'),
        ('num_never_forgotten', 'Number of seeds that have it right once, and from then on.'),
        ('confidence', 'Mean over the recorded epochs; multi-label: of the mean over each class''s yes or no.'),
        ('variability', 'Its standard deviation over the recorded epochs (population).'),
        ('ballots', 'A list of (example_id, class_id, block, unpruned_voters, pruned_voters), in no order; null where nothing is predicted.'),
        ('recipe_id', 'What only differs in pruner, sparsity and seed has one recipe.'),
        ('dataset', 'Name of the dataset.'),
        ('task', 'single_label or multi_label.'),
        ('architecture', 'bilstm, bert or another architecture.'),
        ('pruner', 'none for unpruned, or the pruner.'),
        ('sparsity', 'Target share of the prunable weights that are removed, 0 when unpruned.'),
        ('split', 'train, validation or test.'),
        ('num_seeds', 'Number of seeds that both sides have, over which the answer was taken.'),
        ('num_examples', 'Number of examples.'),
        ('run_id', 'The run.'),
        ('seed', 'Seed of the run.'),
        ('example_id', 'Number of the example, from 0 within dataset and split.')
),
view_columns as (
    select c.table_name, c.column_name
    from duckdb_columns() as c
    where
        c.database_name = 'warehouse' and c.schema_name = 'main'
        and c.table_name in (
            'compared_run', 'class_recall', 'rank_correlation', 'correctness', 'forgetting', 'confidence', 'compared_ballots', 'unpruned_ballots'
        )
)
select c.table_name, c.column_name, m.comment
from view_columns as c
join meaning as m on m.column_name = c.column_name
where (c.table_name, c.column_name) not in (select (s.view_name, s.column_name) from view_column as s);
