-- All of these classrooms, in one row: every learner is in one classroom. The first part names the columns and their
-- types for all that follow.
SELECT 'totals'             AS part,
       CAST(NULL AS text)   AS classroom,
       CAST(NULL AS date)   AS day,
       CAST(NULL AS bigint) AS lesson_id,
       CAST(NULL AS text)   AS external_id,
       CAST(NULL AS text)   AS title,
       CAST(NULL AS text)   AS subject,
       CAST(COALESCE(SUM(students), 0) AS bigint) AS students,
       CAST(COALESCE(SUM(active_students), 0) AS bigint) AS active_students,
       CAST(COALESCE(SUM(streaming_logs), 0) AS bigint) AS streaming_logs,
       CAST(COALESCE(SUM(watch_time_logs), 0) AS bigint) AS watch_time_logs,
       CAST(COALESCE(SUM(watch_time_seconds), 0) AS bigint) AS watch_time_seconds,
       CAST(COALESCE(SUM(completion_logs), 0) AS bigint) AS completion_logs,
       CAST(COALESCE(SUM(completion_percentage_sum), 0) AS bigint) AS completion_percentage_sum,
       CAST(COALESCE(SUM(completed), 0) AS bigint) AS completed
FROM by_classroom
