-- What did each pruning leave of a run's tensors? One row per pruning and prunable tensor.
select m.run_id, m.pruning, m.epoch, m.tensor, m.shape, m.num_weights, m.num_kept, m.threshold, m.digest
from mask as m
where m.run_id = $run_id
order by m.pruning, m.tensor
limit $limit
