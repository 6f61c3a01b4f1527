-- Which datasets are there? One row per dataset, with the sizes of its splits.
select
    d.dataset, d.task, d.num_classes, count(*) filter (e.split = 'train') as num_train,
    count(*) filter (e.split = 'validation') as num_validation, count(*) filter (e.split = 'test') as num_test, d.digest
from dataset as d
join example as e on e.dataset = d.dataset
where
    matches($dataset, d.dataset)
    and ($study is null or d.dataset in (select r.dataset from run as r where list_contains($study, r.study)))
group by d.dataset, d.task, d.num_classes, d.digest
order by d.dataset
limit $limit
