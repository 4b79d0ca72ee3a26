UPDATE benchmarks
SET lease_until = {lease_until}, progress = {progress}
WHERE id = {id} AND status = 'running' AND NOT cancel_requested
