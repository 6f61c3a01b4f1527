-- How does disagreement depend on class, influence, readability and length together? One row per pruned variant, split and term of a logistic model of whether an example is a PIE.
select
    m.dataset, m.split, m.architecture, m.pruner, m.sparsity, m.num_seeds, m.task, r.study, m.recipe_id, k.class_names,
    list({
        'is_pie': m.is_pie, 'class_ids': s.class_ids, 'influence_bin': b.bin, 'readability': s.readability, 'num_tokens': s.num_tokens
    } order by m.example_id) as examples
from majority_pair as m
join recipe as r on r.recipe_id = m.recipe_id
join (
    -- The same examples for every variant, in an order that has nothing to do with them.
    select
        e.dataset, e.split, e.example_id, e.class_ids, e.num_tokens, y.value as readability
    from example as e
    join readability_measure as y on y.dataset = e.dataset and y.split = e.split and y.example_id = e.example_id
    where matches($dataset, e.dataset) and matches($split, e.split) and y.measure = $measure
    qualify row_number() over (partition by e.dataset, e.split order by hash(e.example_id), e.example_id) <= $max_examples
) as s on s.dataset = m.dataset and s.split = m.split and s.example_id = m.example_id
join (
    select c.dataset, list(c.name order by c.class_id) as class_names from class as c group by c.dataset
) as k on k.dataset = m.dataset
left join (
    select i.recipe_id, 'train' as split, i.example_id, influence_bin_of(i.recipe_id, i.influence, i.example_id) as bin
    from influence as i
    where matches($dataset, i.dataset) and matches($architecture, i.architecture)
) as b on b.recipe_id = m.recipe_id and b.split = m.split and b.example_id = m.example_id
where
    matches($dataset, m.dataset) and matches($split, m.split) and matches($architecture, m.architecture)
    and matches($pruner, m.pruner) and matches($sparsity, m.sparsity) and ($study is null or list_has_any(r.studies, $study))
group by m.dataset, m.split, m.architecture, m.pruner, m.sparsity, m.num_seeds, m.task, r.study, m.recipe_id, k.class_names
;
select c.*
from computed as c
order by c.dataset, c.architecture, c.recipe_id, c.split, c.pruner, c.sparsity, c.term, c.class_id
limit $limit
