-- What other measures of disagreement stand on: who voted for what, seed by seed.
--
-- A ballot keeps the votes of up to 64 seeds for one class in the bits of one number, so that any subset of the seeds can be
-- counted (`bit_count(voters & subset)`) without going through the predictions again. The seeds of a variant, or those that both
-- sides of a comparison have, take the bits in ascending order; those past the 64th are in the next `block`.

create macro jaccard(num_common, num_one, num_other) as
    -- Null where both sets are empty: nothing is compared then.
    num_common / nullif(num_one + num_other - num_common, 0);

create macro taxicab_distance(votes, other_votes, num_seeds) as
    -- Between the shares of seeds that predicted each class (Hooker et al. 2020): 0 where both vote alike, at most 2 for a single label.
    list_sum([abs(votes[c] - other_votes[c]) for c in range(1, len(votes) + 1)]) / num_seeds;

-- What a lambda takes from outside it, the engine copies for each element: lists are zipped instead, so that time grows with the
-- number of classes, not with its square.
create macro class_powers(task, logits) as
    -- Less the largest logit, so that no power overflows.
    case task
        when 'single_label' then [exp(z[1]::double - z[2]) for z in list_zip(logits, repeat([list_max(logits)], len(logits)))]
        else [1 / (1 + exp(-x::double)) for x in logits]
    end;

create macro class_probabilities(task, powers) as
    -- Softmax (single-label) or one sigmoid per class (multi-label), of `class_powers`.
    case task
        when 'single_label' then [z[1] / z[2] for z in list_zip(powers, repeat([list_sum(powers)], len(powers)))]
        else powers
    end;

create macro jensen_shannon(p, q) as
    -- Of two distributions over the same classes, natural logarithm: from 0 to ln 2. A class of probability 0 adds nothing.
    list_sum([
        coalesce(z[1] * ln(nullif(2 * z[1] / nullif(z[1] + z[2], 0), 0)), 0)
        + coalesce(z[2] * ln(nullif(2 * z[2] / nullif(z[1] + z[2], 0), 0)), 0)
        for z in list_zip(p, q)
    ]) / 2;

create macro block_of(seed_number) as (seed_number // 64)::integer;

create macro voter_bit(seed_number) as 1::ubigint << (seed_number % 64)::ubigint;

create macro voters_of_block(num_seeds, block) as
    -- The bits of all seeds in a block.
    case when num_seeds >= 64 * (block + 1) then ~0::ubigint else (1::ubigint << (num_seeds - 64 * block)::ubigint) - 1::ubigint end;

create macro wrong_voters(class_ids, class_id, voters, num_seeds, block) as
    -- Aggregates the ballots of one example and block: the seeds that do not predict exactly the gold classes.
    case
        when count(*) filter (list_contains(class_ids, class_id)) < len(any_value(class_ids)) then voters_of_block(any_value(num_seeds), any_value(block))
        else bit_or(case when list_contains(class_ids, class_id) then voters_of_block(num_seeds, block) - voters else voters end)
    end;

create view voter as
with seeded as (
    select
        r.run_id, r.recipe_id, r.dataset, r.task, r.num_classes, r.architecture, r.pruner, r.sparsity, r.seed, r.last_epoch, e.split,
        e.epoch, e.num_examples, row_number() over (partition by e.run_id, e.split order by e.epoch) - 1 as checkpoint,
        dense_rank() over (partition by r.recipe_id, r.pruner, r.sparsity, e.split order by r.seed) - 1 as seed_number
    from published_run as r
    join evaluation as e on e.run_id = r.run_id
    where e.epoch <= r.last_epoch
)
select
    s.recipe_id, s.dataset, s.task, s.num_classes, s.architecture, s.pruner, s.sparsity, s.split, s.num_examples,
    max(s.seed_number) over (partition by s.recipe_id, s.pruner, s.sparsity, s.split) + 1 as num_seeds, s.run_id, s.seed, s.checkpoint,
    s.epoch, s.epoch = s.last_epoch as is_last, block_of(s.seed_number) as block, voter_bit(s.seed_number) as voter_bit
from seeded as s;
comment on view voter is 'One row per published run, split and epoch whose predictions are stored: the bit that stands for its seed in the ballots of its variant.';

create view ballot as
select
    v.recipe_id, v.dataset, v.task, v.num_classes, v.architecture, v.pruner, v.sparsity, v.split, v.num_seeds, v.num_examples, v.checkpoint,
    v.is_last, p.example_id, p.class_id, v.block, bit_or(v.voter_bit) as voters
from voter as v
join prediction as p on p.run_id = v.run_id and p.split = v.split and p.epoch = v.epoch
group by
    v.recipe_id, v.dataset, v.task, v.num_classes, v.architecture, v.pruner, v.sparsity, v.split, v.num_seeds, v.num_examples, v.checkpoint,
    v.is_last, p.example_id, p.class_id, v.block;
comment on view ballot is 'One row per variant, split, recorded epoch, example, class that any seed predicts for it, and block of 64 seeds: which seeds predict it.';

create view ballot_pair as
with side as (
    select
        c.recipe_id, c.dataset, c.task, c.num_classes, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.num_examples,
        unnest(list_concat(c.unpruned_run_ids, c.pruned_run_ids)) as run_id,
        unnest(list_concat(c.unpruned_epochs, c.pruned_epochs)) as epoch,
        unnest([number >= c.num_seeds for number in range(2 * c.num_seeds)]) as is_pruned,
        unnest([number % c.num_seeds for number in range(2 * c.num_seeds)]) as seed_number
    from comparison as c
)
select
    s.recipe_id, s.dataset, s.task, s.num_classes, s.architecture, s.pruner, s.sparsity, s.split, s.num_seeds, s.num_examples,
    p.example_id, p.class_id, block_of(s.seed_number) as block,
    coalesce(bit_or(voter_bit(s.seed_number)) filter (not s.is_pruned), 0) as unpruned_voters,
    coalesce(bit_or(voter_bit(s.seed_number)) filter (s.is_pruned), 0) as pruned_voters
from side as s
join prediction as p on p.run_id = s.run_id and p.split = s.split and p.epoch = s.epoch
group by
    s.recipe_id, s.dataset, s.task, s.num_classes, s.architecture, s.pruner, s.sparsity, s.split, s.num_seeds, s.num_examples,
    p.example_id, p.class_id, block_of(s.seed_number);
comment on view ballot_pair is 'One row per pruned variant, split, example, class that any compared run predicts for it, and block of 64 seeds: which unpruned and which pruned seeds predict it.';

create view flip as
with outcome as (
    select
        b.recipe_id, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, b.num_examples, b.block,
        bit_or(xor(b.unpruned_voters, b.pruned_voters)) as changed,
        wrong_voters(e.class_ids, b.class_id, b.unpruned_voters, b.num_seeds, b.block) as unpruned_wrong,
        wrong_voters(e.class_ids, b.class_id, b.pruned_voters, b.num_seeds, b.block) as pruned_wrong
    from ballot_pair as b
    join example as e on e.dataset = b.dataset and e.split = b.split and e.example_id = b.example_id
    group by
        b.recipe_id, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, b.num_examples, b.block, b.example_id
),
pattern as (
    -- Many examples are alike: few patterns of bits are left to be taken apart.
    select
        o.recipe_id, o.dataset, o.task, o.architecture, o.pruner, o.sparsity, o.split, o.num_seeds, o.num_examples, o.block, o.changed,
        o.unpruned_wrong & ~o.pruned_wrong as to_correct, o.pruned_wrong & ~o.unpruned_wrong as to_incorrect, count(*) as num_alike
    from outcome as o
    group by
        o.recipe_id, o.dataset, o.task, o.architecture, o.pruner, o.sparsity, o.split, o.num_seeds, o.num_examples, o.block, o.changed,
        o.unpruned_wrong & ~o.pruned_wrong, o.pruned_wrong & ~o.unpruned_wrong
),
counted as (
    select
        p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.num_seeds, p.num_examples,
        64 * p.block + s.number as seed_number, null as seed, sum(p.num_alike) filter (p.changed & voter_bit(s.number) <> 0) as num_changed,
        sum(p.num_alike) filter (p.to_incorrect & voter_bit(s.number) <> 0) as num_to_incorrect,
        sum(p.num_alike) filter (p.to_correct & voter_bit(s.number) <> 0) as num_to_correct
    from pattern as p
    cross join range(64) as s(number)
    where 64 * p.block + s.number < p.num_seeds
    group by p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.num_seeds, p.num_examples, p.block, s.number
    union all
    -- A pair of runs that predict no class for any example has no ballot, and no flip.
    select
        c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.num_examples,
        unnest(range(c.num_seeds)) as seed_number, unnest(c.seeds) as seed, 0 as num_changed, 0 as num_to_incorrect, 0 as num_to_correct
    from comparison as c
)
select
    c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.num_examples, max(c.seed) as seed,
    sum(c.num_changed)::bigint as num_changed, sum(c.num_to_incorrect)::bigint as num_to_incorrect,
    sum(c.num_to_correct)::bigint as num_to_correct
from counted as c
group by
    c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.num_examples, c.seed_number;
comment on view flip is 'One row per pair of runs of the same seed and split: how many predictions the pruned run changed, and how many of those from right to wrong or from wrong to right (Dutta et al. 2024). A multi-label prediction is right where the whole set is.';

create view cie as
select
    m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, m.example_id,
    taxicab_distance(m.unpruned_votes, m.pruned_votes, m.num_seeds) as taxicab_distance, m.is_pie as is_modal_cie
from majority_pair as m;
comment on view cie is 'One row per pruned variant, split and example: how far compression moved its votes (Hooker et al. 2020). A modal CIE has another modal label; with ties settled as those of majority labels, that is a PIE. A taxicab CIE has other votes.';

create view logit_pair as
with side as (
    select
        c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.seed, unnest([false, true]) as is_pruned,
        unnest([c.unpruned_run_id, c.pruned_run_id]) as run_id, unnest([c.unpruned_epoch, c.pruned_epoch]) as epoch
    from run_pair as c
),
found as (
    -- Both sides in one reading, and never the logits of all runs joined with one another.
    select
        s.recipe_id, s.dataset, s.task, s.architecture, s.pruner, s.sparsity, s.split, s.seed, l.example_id,
        any_value(l.logits) filter (not s.is_pruned) as unpruned_logits, any_value(l.logits) filter (s.is_pruned) as pruned_logits
    from side as s
    join logit as l on l.run_id = s.run_id and l.split = s.split and l.epoch = s.epoch
    group by s.recipe_id, s.dataset, s.task, s.architecture, s.pruner, s.sparsity, s.split, s.seed, l.example_id
)
select f.*
from found as f
where f.unpruned_logits is not null and f.pruned_logits is not null;
comment on view logit_pair is 'One row per pair of runs of the same seed, split and example whose logits are stored on both sides: what both runs give each class.';

create view probability_loyalty as
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
    avg(1 - sqrt(greatest(d.divergence, 0))) as probability_loyalty
from diverged as d
group by d.recipe_id, d.dataset, d.task, d.architecture, d.pruner, d.sparsity, d.split, d.seed;
comment on view probability_loyalty is 'One row per pair of runs of the same seed and split whose logits are stored: 1 - sqrt(JS), natural logarithm, mean over the examples (Xu et al. 2021).';

insert into view_column values
    ('voter', 'num_examples', 'Number of examples that were predicted.'),
    ('voter', 'num_seeds', 'Number of seeds of the variant that have predictions of the split.'),
    ('voter', 'epoch', 'Epoch of the predictions, counted from 0.'),
    ('ballot', 'num_seeds', 'Number of seeds of the variant that have predictions of the split.'),
    ('ballot', 'class_id', 'A class that a seed predicts.'),
    ('ballot_pair', 'class_id', 'A class that a seed predicts.');

insert into view_column
with meaning(column_name, comment) as (
    values
        ('checkpoint', 'Number of the recorded epoch within the run, from 0.'),
        ('is_last', 'Whether the epoch is the run''s last.'),
        ('block', 'Number of the block of 64 seeds, from 0.'),
        ('voter_bit', 'The bit that stands for the seed: the n-th seed of the variant has bit n modulo 64.'),
        ('voters', 'The bits of the seeds that predict the class, in ascending order of the seeds.'),
        ('unpruned_voters', 'The bits of the unpruned seeds that predict the class; bit n stands for the n-th seed that both sides have.'),
        ('pruned_voters', 'The bits of the pruned seeds that predict the class, likewise.'),
        ('num_changed', 'Number of examples whose prediction (multi-label: set) is another.'),
        ('num_to_incorrect', 'Number of examples that only the unpruned run has right.'),
        ('num_to_correct', 'Number of examples that only the pruned run has right.'),
        ('taxicab_distance', 'Sum over the classes of the difference between the sides'' shares of votes.'),
        ('is_modal_cie', 'Whether the modal label is another: whether it is a PIE.'),
        ('unpruned_logits', 'One logit per class of the unpruned run, in the order of class_id.'),
        ('pruned_logits', 'One logit per class of the pruned run, in the order of class_id.'),
        ('probability_loyalty', '1 - sqrt(JS) of the predicted probabilities, mean over the examples; multi-label: JS of each class''s yes and no, mean over the classes.'),
        ('recipe_id', 'What only differs in pruner, sparsity and seed has one recipe.'),
        ('dataset', 'Name of the dataset.'),
        ('task', 'single_label or multi_label.'),
        ('num_classes', 'Number of classes of the dataset.'),
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
        and c.table_name in ('voter', 'ballot', 'ballot_pair', 'flip', 'cie', 'logit_pair', 'probability_loyalty')
)
select c.table_name, c.column_name, m.comment
from view_columns as c
join meaning as m on m.column_name = c.column_name
where (c.table_name, c.column_name) not in (select (s.view_name, s.column_name) from view_column as s);
