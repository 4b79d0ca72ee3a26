UPDATE benchmarks
SET lease_until = {lease_until}, progress = {progress}
WHERE id = {id} AND status = 'running'
RETURNING cancel_requested
