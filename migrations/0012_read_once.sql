-- Views that read more than they need. What is counted seed by seed is counted from ballots in one way: a class's recall went through
-- all predictions a second time. Powers are taken once: a macro's argument is computed as often as the macro names it. And CIEs are
-- stored and growing, as other concepts about majority labels.

create or replace view class_recall as
with gold as (
    select e.dataset, e.split, e.class_id, count(*) as num_gold
    from (select x.dataset, x.split, unnest(x.class_ids) as class_id from example as x) as e
    group by e.dataset, e.split, e.class_id
),
pattern as (
    -- Many examples are alike: few patterns of bits are left to be taken apart.
    select
        b.recipe_id, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, b.class_id, b.block, b.unpruned_voters,
        b.pruned_voters, count(*) as num_alike
    from ballot_pair as b
    join example as e on e.dataset = b.dataset and e.split = b.split and e.example_id = b.example_id
    where list_contains(e.class_ids, b.class_id)
    group by
        b.recipe_id, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, b.class_id, b.block, b.unpruned_voters,
        b.pruned_voters
),
counted as (
    -- Every class that an example has counts, also one that no run finds.
    select
        c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, s.side, g.class_id, g.num_gold,
        0 as num_found, unnest(range(c.num_seeds)) as seed_number, unnest(c.seeds) as seed
    from comparison as c
    cross join (values ('unpruned'), ('pruned')) as s(side)
    join gold as g on g.dataset = c.dataset and g.split = c.split
    union all by name
    select
        p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.num_seeds, s.side, p.class_id, 0 as num_gold,
        sum(p.num_alike) filter (case s.side when 'pruned' then p.pruned_voters else p.unpruned_voters end & voter_bit(n.number) <> 0) as num_found,
        64 * p.block + n.number as seed_number
    from pattern as p
    cross join (values ('unpruned'), ('pruned')) as s(side)
    cross join range(64) as n(number)
    where 64 * p.block + n.number < p.num_seeds
    group by
        p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.num_seeds, s.side, p.class_id, p.block, n.number
),
per_class as (
    select
        c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, max(c.seed) as seed, c.side, c.class_id,
        sum(c.num_gold)::bigint as num_gold, coalesce(sum(c.num_found), 0)::bigint as num_found
    from counted as c
    group by
        c.recipe_id, c.dataset, c.task, c.architecture, c.pruner, c.sparsity, c.split, c.num_seeds, c.seed_number, c.side, c.class_id
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

create or replace view rank_correlation as
with powers as (
    select
        l.recipe_id, l.dataset, l.task, l.architecture, l.pruner, l.sparsity, l.split, l.example_id,
        class_powers(l.task, l.unpruned_logits) as unpruned_powers, class_powers(l.task, l.pruned_logits) as pruned_powers
    from logit_pair as l
),
probability as (
    select
        p.recipe_id, p.dataset, p.task, p.architecture, p.pruner, p.sparsity, p.split, p.example_id,
        class_probabilities(p.task, p.unpruned_powers) as unpruned, class_probabilities(p.task, p.pruned_powers) as pruned
    from powers as p
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

create macro cie_over(pairs) as table
select
    m.recipe_id, m.dataset, m.task, m.architecture, m.pruner, m.sparsity, m.split, m.num_seeds, m.example_id,
    taxicab_distance(m.unpruned_votes, m.pruned_votes, m.num_seeds) as taxicab_distance, m.is_pie as is_modal_cie
from query_table(pairs) as m;

create view stored.cie as
select c.* from cie_over('stored.majority_pair') as c;
comment on view stored.cie is 'One row per pruned variant, split and example: how far compression moved its votes (Hooker et al. 2020). Those whose answers are stored.';
create or replace view cie as
select s.* from stored.cie as s
union all by name
select c.* from cie_over('growing_majority_pair') as c;
comment on view cie is 'One row per pruned variant, split and example: how far compression moved its votes (Hooker et al. 2020). A modal CIE has another modal label; with ties settled as those of majority labels, that is a PIE. A taxicab CIE has other votes.';
