-- How much disagreement do the seeds alone make? One row per variant and split: PIEs between two halves of the unpruned seeds, and how the variant's PIEs compare at the same number of seeds.
select b.*, r.study
from (
    select p.* from compared_ballots as p
    union all by name
    select u.* from unpruned_ballots as u
) as b
join recipe as r on r.recipe_id = b.recipe_id
where
    matches($dataset, b.dataset) and matches($split, b.split) and matches($architecture, b.architecture)
    and matches($pruner, b.pruner) and matches($sparsity, b.sparsity) and ($study is null or list_has_any(r.studies, $study))
;
select c.*
from computed as c
order by c.dataset, c.architecture, c.recipe_id, c.split, c.sparsity > 0, c.pruner, c.sparsity
limit $limit
