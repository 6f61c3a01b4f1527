-- What is known of an example? One row, the example: text, gold classes, readability, influence, EL2N by epoch, and what the seeds of each variant predicted.
with chosen as (
    select e.dataset, e.split, e.example_id, e.text, e.class_ids, e.num_tokens, d.task, d.num_classes
    from example as e
    join dataset as d on d.dataset = e.dataset
    where e.dataset = $dataset and e.split = $split and e.example_id = $example_id
),
evaluated as (
    select r.run_id, r.recipe_id, r.architecture, r.pruner, r.sparsity, r.last_epoch, c.task, c.num_classes
    from published_run as r
    join chosen as c on c.dataset = r.dataset
    join evaluation as v on v.run_id = r.run_id and v.split = c.split and v.epoch = r.last_epoch
),
class_vote as (
    select r.recipe_id, r.pruner, r.sparsity, p.class_id, count(*) as num_votes
    from evaluated as r
    join prediction as p on p.run_id = r.run_id and p.epoch = r.last_epoch
    where p.split = $split and p.example_id = $example_id
    group by r.recipe_id, r.pruner, r.sparsity, p.class_id
),
voted as (
    select v.recipe_id, v.pruner, v.sparsity, map(list(v.class_id), list(v.num_votes)) as votes_of
    from class_vote as v
    group by v.recipe_id, v.pruner, v.sparsity
),
powers as (
    -- Less the largest logit, so that no power overflows.
    select
        r.recipe_id, r.pruner, r.sparsity, r.task, g.logits,
        [exp(x::double - list_max(g.logits)) for x in g.logits] as powers
    from evaluated as r
    join logit as g on g.run_id = r.run_id and g.epoch = r.last_epoch
    where g.split = $split and g.example_id = $example_id
),
class_probability as (
    select
        p.recipe_id, p.pruner, p.sparsity, generate_subscripts(p.logits, 1) as position,
        unnest(
            case p.task
                when 'single_label' then [x / list_sum(p.powers) for x in p.powers]
                else [1 / (1 + exp(-x::double)) for x in p.logits]
            end
        ) as probability
    from powers as p
),
mean_probability as (
    select p.recipe_id, p.pruner, p.sparsity, p.position, avg(p.probability order by p.probability) as probability
    from class_probability as p
    group by p.recipe_id, p.pruner, p.sparsity, p.position
),
probable as (
    select p.recipe_id, p.pruner, p.sparsity, list(p.probability order by p.position) as mean_probabilities
    from mean_probability as p
    group by p.recipe_id, p.pruner, p.sparsity
),
counted as (
    select
        r.recipe_id, r.architecture, r.pruner, r.sparsity, any_value(r.task) as task, any_value(r.num_classes) as num_classes,
        count(*) as num_seeds
    from evaluated as r
    group by r.recipe_id, r.architecture, r.pruner, r.sparsity
),
variant_of_example as (
    select r.*, [coalesce(v.votes_of[c::smallint], 0) for c in range(r.num_classes)] as votes
    from counted as r
    left join voted as v on v.recipe_id = r.recipe_id and v.pruner = r.pruner and v.sparsity = r.sparsity
),
variants as (
    select
        list(
            {
                'recipe_id': v.recipe_id, 'architecture': v.architecture, 'pruner': v.pruner, 'sparsity': v.sparsity,
                'num_seeds': v.num_seeds, 'votes': v.votes, 'class_ids': majority_label(v.task, v.votes, v.num_seeds),
                'mean_probabilities': p.mean_probabilities
            }
            order by v.architecture, v.recipe_id, v.sparsity > 0, v.pruner, v.sparsity
        ) as variants
    from variant_of_example as v
    left join probable as p on p.recipe_id = v.recipe_id and p.pruner = v.pruner and p.sparsity = v.sparsity
),
trajectory as (
    select
        r.run_id, r.recipe_id, r.pruner, r.sparsity, r.seed, list(t.epoch order by t.epoch) as epochs,
        list(t.el2n order by t.epoch) as el2n
    from published_run as r
    join el2n as t on t.run_id = r.run_id
    where r.dataset = $dataset and $split = 'train' and t.example_id = $example_id
    group by r.run_id, r.recipe_id, r.pruner, r.sparsity, r.seed
),
trajectories as (
    select
        list(
            {
                'run_id': t.run_id, 'recipe_id': t.recipe_id, 'pruner': t.pruner, 'sparsity': t.sparsity, 'seed': t.seed,
                'epochs': t.epochs, 'el2n': t.el2n
            }
            order by t.recipe_id, t.sparsity > 0, t.pruner, t.sparsity, t.seed
        ) as el2n
    from trajectory as t
),
influences as (
    select list({'recipe_id': i.recipe_id, 'influence': i.influence} order by i.recipe_id) as influence
    from influence as i
    where i.dataset = $dataset and $split = 'train' and i.example_id = $example_id
)
select
    c.dataset, c.split, c.example_id, c.text, c.class_ids,
    (select list(k.name order by k.class_id) from class as k where k.dataset = c.dataset) as class_names, c.num_tokens,
    {
        'automated_readability_index': s.automated_readability_index, 'coleman_liau_index': s.coleman_liau_index,
        'flesch_kincaid_grade': s.flesch_kincaid_grade, 'linsear_write_formula': s.linsear_write_formula,
        'gunning_fog': s.gunning_fog, 'dale_chall_readability_score': s.dale_chall_readability_score,
        'difficult_words': s.difficult_words
    } as readability,
    coalesce(i.influence, []) as influence, coalesce(t.el2n, []) as el2n, coalesce(v.variants, []) as variants
from chosen as c
left join readability as s on s.dataset = c.dataset and s.split = c.split and s.example_id = c.example_id
cross join influences as i
cross join trajectories as t
cross join variants as v
limit $limit
