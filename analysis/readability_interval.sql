-- How certain is it that PIEs are harder to read? One row per pruned variant, split and measure: the ratio of the mean score of PIEs to that of all examples, with a bootstrap interval over the seeds.
select
    b.recipe_id, r.study, b.dataset, b.task, b.architecture, b.pruner, b.sparsity, b.split, b.num_seeds, b.num_examples, b.ballots,
    null as measure, null as scores
from compared_ballots as b
join recipe as r on r.recipe_id = b.recipe_id
where
    matches($dataset, b.dataset) and matches($split, b.split) and matches($architecture, b.architecture)
    and matches($pruner, b.pruner) and matches($sparsity, b.sparsity) and ($study is null or list_has_any(r.studies, $study))
union all by name
-- The scores once for all variants: rows of their own, that name a measure.
select m.dataset, m.split, m.measure, list({'example_id': m.example_id, 'value': m.value}) as scores
from readability_measure as m
where matches($dataset, m.dataset) and matches($split, m.split) and matches($measure, m.measure)
group by m.dataset, m.split, m.measure
;
select c.*
from computed as c
order by c.dataset, c.architecture, c.recipe_id, c.split, c.pruner, c.sparsity, c.measure
limit $limit
