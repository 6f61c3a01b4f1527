-- Which studies are there, and how far are they? One row per study.
with progress as (
    select
        r.study, r.recipe_id, r.dataset, r.architecture, count(*) filter (r.status = 'published') as num_published,
        count(*) filter (r.status = 'failed') as num_failed, count(*) as num_known
    from run as r
    group by r.study, r.recipe_id, r.dataset, r.architecture
)
select
    coalesce(s.study, p.study) as study, coalesce(s.dataset, p.dataset) as dataset,
    coalesce(s.architecture, p.architecture) as architecture, coalesce(s.num_runs, p.num_known) as num_runs,
    coalesce(p.num_published, 0) as num_published, coalesce(p.num_failed, 0) as num_failed,
    coalesce(s.recipe_id, p.recipe_id) as recipe_id
from study as s
full join progress as p on p.study = s.study and p.recipe_id = s.recipe_id
where
    matches($dataset, coalesce(s.dataset, p.dataset)) and matches($architecture, coalesce(s.architecture, p.architecture))
    and matches($study, coalesce(s.study, p.study))
order by study, recipe_id
limit $limit
