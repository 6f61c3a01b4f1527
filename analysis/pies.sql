-- Which examples are PIEs, and what do both sides say of them? One row per PIE of a pruned variant (table 1).
with labelled as materialized (
    select m.*, r.study
    from majority_pair as m
    join recipe as r on r.recipe_id = m.recipe_id
    where
        m.is_pie
        and matches($dataset, m.dataset) and matches($split, m.split) and matches($architecture, m.architecture)
        and matches($pruner, m.pruner) and matches($sparsity, m.sparsity) and ($study is null or list_has_any(r.studies, $study))
        and ($unpruned_class_id is null or list_has_any(m.unpruned_class_ids, $unpruned_class_id::smallint[]))
        and ($pruned_class_id is null or list_has_any(m.pruned_class_ids, $pruned_class_id::smallint[]))
),
scored as materialized (
    select s.*
    from readability as s
    semi join labelled as p on s.dataset = p.dataset and s.split = p.split and s.example_id = p.example_id
    where matches_between($dataset, s.dataset) and matches_between($split, s.split)
),
chosen as (
    select
        p.*, e.class_ids, e.text, e.num_tokens,
        margin_of(p.task, p.unpruned_votes, p.pruned_votes, p.unpruned_class_ids, p.pruned_class_ids, p.num_seeds) as margin
    from labelled as p
    join example as e on e.dataset = p.dataset and e.split = p.split and e.example_id = p.example_id
    where
        matches_between($dataset, e.dataset) and matches_between($split, e.split)
        and ($class_id is null or list_has_any(e.class_ids, $class_id::smallint[]))
        and ($text is null or list_bool_or([contains(lower(e.text), lower(sought)) for sought in $text]))
),
ranked as (
    select i.recipe_id, i.example_id, i.influence, influence_bin_of(i.recipe_id, i.influence, i.example_id) as bin
    from (select distinct p.recipe_id from labelled as p) as o
    join influence as i on i.recipe_id = o.recipe_id
    -- Of training examples alone; said without a column, so that nothing is looked for where none is asked for.
    where list_contains($split, 'train')
),
named as (
    select k.dataset, list(k.name order by k.class_id) as class_names
    from class as k
    group by k.dataset
)
select
    c.dataset, c.split, c.architecture, c.pruner, c.sparsity, c.num_seeds, c.example_id, c.class_ids, c.unpruned_class_ids,
    c.pruned_class_ids, c.unpruned_votes, c.pruned_votes, c.text, c.study, c.recipe_id,
    [n.class_names[k + 1] for k in c.class_ids] as class_names,
    [n.class_names[k + 1] for k in c.unpruned_class_ids] as unpruned_class_names,
    [n.class_names[k + 1] for k in c.pruned_class_ids] as pruned_class_names, c.margin, i.influence, i.bin,
    s.automated_readability_index, s.coleman_liau_index, s.flesch_kincaid_grade, s.linsear_write_formula, s.gunning_fog,
    s.dale_chall_readability_score, s.difficult_words, c.num_tokens
from chosen as c
join named as n on n.dataset = c.dataset
join scored as s on s.dataset = c.dataset and s.split = c.split and s.example_id = c.example_id
left join ranked as i on c.split = 'train' and i.recipe_id = c.recipe_id and i.example_id = c.example_id
where
    ($bin is null or list_contains($bin::bigint[], i.bin))
    and ($min_margin is null or c.margin >= $min_margin) and ($max_margin is null or c.margin <= $max_margin)
order by c.dataset, c.architecture, c.recipe_id, c.split, c.pruner, c.sparsity, c.example_id
limit $limit
