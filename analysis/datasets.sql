-- Which datasets are there? One row per dataset, with the sizes of its splits and of its texts (tables 2 and 7).
select
    d.dataset, d.task, d.num_classes, count(*) filter (e.split = 'train') as num_train,
    count(*) filter (e.split = 'validation') as num_validation, count(*) filter (e.split = 'test') as num_test, d.digest,
    avg(e.num_tokens) as mean_tokens, median(e.num_tokens) as median_tokens, min(e.num_tokens) as min_tokens,
    max(e.num_tokens) as max_tokens, deviation_of(count(*), sum(e.num_tokens), sum(e.num_tokens::hugeint * e.num_tokens), 1) as std_tokens,
    quantile_disc(e.num_tokens, 0.85) as tokens_85_percent
from dataset as d
join example as e on e.dataset = d.dataset
where
    matches($dataset, d.dataset)
    and ($study is null or d.dataset in (select r.dataset from run as r where list_contains($study, r.study)))
group by d.dataset, d.task, d.num_classes, d.digest
order by d.dataset
limit $limit
