-- Both sides of every key that one of them has, and what each says where they differ. A row of zeros is no row.
WITH both_sides AS (
    SELECT {key} AS key, day,
           CAST(COALESCE(SUM(streaming_logs) FILTER (WHERE side = 'rollup'), 0) AS bigint) AS rollup_streaming_logs,
           CAST(COALESCE(SUM(watch_time_logs) FILTER (WHERE side = 'rollup'), 0) AS bigint) AS rollup_watch_time_logs,
           CAST(COALESCE(SUM(watch_time_seconds) FILTER (WHERE side = 'rollup'), 0) AS bigint) AS rollup_watch_time_seconds,
           CAST(COALESCE(SUM(completion_logs) FILTER (WHERE side = 'rollup'), 0) AS bigint) AS rollup_completion_logs,
           CAST(COALESCE(SUM(completion_percentage_sum) FILTER (WHERE side = 'rollup'), 0) AS bigint) AS rollup_completion_percentage_sum,
           CAST(COALESCE(SUM(active_students) FILTER (WHERE side = 'rollup'), 0) AS bigint) AS rollup_active_students,
           CAST(COALESCE(SUM(completed) FILTER (WHERE side = 'rollup'), 0) AS bigint) AS rollup_completed,
           CAST(COALESCE(SUM(streaming_logs) FILTER (WHERE side = 'derived'), 0) AS bigint) AS derived_streaming_logs,
           CAST(COALESCE(SUM(watch_time_logs) FILTER (WHERE side = 'derived'), 0) AS bigint) AS derived_watch_time_logs,
           CAST(COALESCE(SUM(watch_time_seconds) FILTER (WHERE side = 'derived'), 0) AS bigint) AS derived_watch_time_seconds,
           CAST(COALESCE(SUM(completion_logs) FILTER (WHERE side = 'derived'), 0) AS bigint) AS derived_completion_logs,
           CAST(COALESCE(SUM(completion_percentage_sum) FILTER (WHERE side = 'derived'), 0) AS bigint) AS derived_completion_percentage_sum,
           CAST(COALESCE(SUM(active_students) FILTER (WHERE side = 'derived'), 0) AS bigint) AS derived_active_students,
           CAST(COALESCE(SUM(completed) FILTER (WHERE side = 'derived'), 0) AS bigint) AS derived_completed
    FROM (
        SELECT 'rollup' AS side, kept.* FROM counted_{table} AS kept WHERE day >= {from} OR day = {ever}
        UNION ALL
        SELECT 'derived', made.* FROM ({derive}) AS made
    ) AS sides
    GROUP BY {key}, day
)
SELECT CAST(key AS text) AS key, day,
       rollup_streaming_logs || ' logs, '
       || rollup_watch_time_seconds || ' s in '
       || rollup_watch_time_logs || ', '
       || rollup_completion_percentage_sum || ' % in '
       || rollup_completion_logs || ', '
       || rollup_active_students || ' learners, '
       || rollup_completed || ' completed' AS in_rollup,
       derived_streaming_logs || ' logs, '
       || derived_watch_time_seconds || ' s in '
       || derived_watch_time_logs || ', '
       || derived_completion_percentage_sum || ' % in '
       || derived_completion_logs || ', '
       || derived_active_students || ' learners, '
       || derived_completed || ' completed' AS derived
FROM both_sides
WHERE rollup_streaming_logs <> derived_streaming_logs
   OR rollup_watch_time_logs <> derived_watch_time_logs
   OR rollup_watch_time_seconds <> derived_watch_time_seconds
   OR rollup_completion_logs <> derived_completion_logs
   OR rollup_completion_percentage_sum <> derived_completion_percentage_sum
   OR rollup_active_students <> derived_active_students
   OR rollup_completed <> derived_completed
ORDER BY 1, 2
