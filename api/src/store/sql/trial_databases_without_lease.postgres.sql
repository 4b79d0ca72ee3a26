-- Databases of measurements to which nobody holds the connection that is their lease.
SELECT datname::text
FROM pg_database
WHERE starts_with(datname, 'edtech_benchmark_')
  AND NOT EXISTS (SELECT 1
                  FROM pg_stat_activity AS session
                  WHERE session.datid = pg_database.oid AND session.application_name = $1)
