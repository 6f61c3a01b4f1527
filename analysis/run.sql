-- What is known of a run? One row, the run.
select r.* exclude (content_digest)
from run as r
where r.run_id = $run_id
limit $limit
