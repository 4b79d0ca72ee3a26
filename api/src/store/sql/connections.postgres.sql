-- All but the one that asks and the one that is a lease.
SELECT COUNT(*) FILTER (WHERE state = 'active') AS active,
       COUNT(*) FILTER (WHERE state <> 'active') AS idle,
       COUNT(*) AS total
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'edtech-benchmark'
