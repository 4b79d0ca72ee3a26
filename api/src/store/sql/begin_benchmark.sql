-- One at a time: without a conflict where none runs.
INSERT INTO benchmarks (id, kind, parameters, status, requested_by, created_at, lease_until)
VALUES ({id}, {kind}, {parameters}, 'running', {requested_by}, {now}, {lease_until})
ON CONFLICT DO NOTHING
