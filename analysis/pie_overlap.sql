-- Are the PIEs of two variants the same examples? One row per split and ordered pair of pruned variants of one recipe, with the Jaccard index of their PIEs.
with variant_of_pies as (
    select p.*, r.study
    from pie_rate as p
    join recipe as r on r.recipe_id = p.recipe_id
    where
        matches($dataset, p.dataset) and matches($split, p.split) and matches($architecture, p.architecture)
        and ($study is null or list_has_any(r.studies, $study))
),
pie_of_variant as materialized (
    select m.recipe_id, m.split, m.pruner, m.sparsity, m.example_id
    from majority_pair as m
    where
        m.is_pie and matches($dataset, m.dataset) and matches($split, m.split) and matches($architecture, m.architecture)
        and ((matches($pruner, m.pruner) and matches($sparsity, m.sparsity)) or (matches($other_pruner, m.pruner) and matches($other_sparsity, m.sparsity)))
),
common as (
    select
        a.recipe_id, a.split, a.pruner, a.sparsity, b.pruner as other_pruner, b.sparsity as other_sparsity, count(*) as num_common
    from pie_of_variant as a
    join pie_of_variant as b on b.recipe_id = a.recipe_id and b.split = a.split and b.example_id = a.example_id
    where
        matches($pruner, a.pruner) and matches($sparsity, a.sparsity) and matches($other_pruner, b.pruner)
        and matches($other_sparsity, b.sparsity)
    group by a.recipe_id, a.split, a.pruner, a.sparsity, b.pruner, b.sparsity
)
select
    a.dataset, a.split, a.architecture, a.pruner, a.sparsity, a.num_seeds, b.pruner as other_pruner, b.sparsity as other_sparsity,
    b.num_seeds as other_num_seeds, a.num_examples, a.num_pies, b.num_pies as other_num_pies, coalesce(c.num_common, 0) as num_common,
    jaccard(coalesce(c.num_common, 0), a.num_pies, b.num_pies) as jaccard, a.study, a.recipe_id
from variant_of_pies as a
join variant_of_pies as b on b.recipe_id = a.recipe_id and b.split = a.split and (b.pruner <> a.pruner or b.sparsity <> a.sparsity)
left join common as c
    on c.recipe_id = a.recipe_id and c.split = a.split and c.pruner = a.pruner and c.sparsity = a.sparsity
    and c.other_pruner = b.pruner and c.other_sparsity = b.sparsity
where
    matches($pruner, a.pruner) and matches($sparsity, a.sparsity) and matches($other_pruner, b.pruner)
    and matches($other_sparsity, b.sparsity)
order by a.dataset, a.architecture, a.recipe_id, a.split, a.pruner, a.sparsity, other_pruner, other_sparsity
limit $limit
