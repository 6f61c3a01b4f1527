-- How did a run go? One row per epoch, split and metric.
select m.run_id, m.epoch, m.split, m.metric, m.value
from epoch_metric as m
where m.run_id = $run_id
order by m.epoch, m.split, m.metric
limit $limit
