UPDATE benchmarks
SET status = {status}, finished_at = {now}, error = {error}, verdict = {verdict}, report = {report}, progress = NULL
WHERE id = {id} AND status = 'running'
