UPDATE benchmarks
SET status = 'failed', finished_at = {now}, error = 'The server that ran it is gone.'
WHERE status = 'running' AND lease_until < {now}
