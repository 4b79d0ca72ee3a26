-- Of the tables that every group of logs writes: whether somebody has waited for some time to read or to write one of them,
-- and whether somebody has a lock on one, or is in line for it, beside which nobody may write.
SELECT
    -- Whatever is held for less is only waited for: a vacuum that gives room back lets go of a table within moments.
    coalesce(bool_or(mode IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
        AND NOT granted AND waitstart < clock_timestamp() - INTERVAL '300 milliseconds'), FALSE),
    coalesce(bool_or(mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')), FALSE)
FROM pg_locks
WHERE locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND relation = ANY (CAST(ARRAY[to_regclass('streaming_logs'), to_regclass('completions'),
        to_regclass('appended_groups')] AS oid[]))
