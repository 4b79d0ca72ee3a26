-- The platform as a whole, in one row. The first part names the columns and their types for all that follow.
SELECT 'totals'                                                  AS part,
       CAST(NULL AS text)                                        AS classroom,
       CAST(NULL AS date)                                        AS day,
       CAST(NULL AS bigint)                                      AS lesson_id,
       CAST(NULL AS text)                                        AS external_id,
       CAST(NULL AS text)                                        AS title,
       CAST(NULL AS text)                                        AS subject,
       (SELECT COUNT(*) FROM students)                           AS students,
       COUNT(*) FILTER (WHERE streaming_logs > 0)                AS active_students,
       CAST(COALESCE(SUM(streaming_logs), 0) AS bigint)          AS streaming_logs,
       CAST(COALESCE(SUM(watch_time_logs), 0) AS bigint)         AS watch_time_logs,
       CAST(COALESCE(SUM(watch_time_seconds), 0) AS bigint)      AS watch_time_seconds,
       CAST(COALESCE(SUM(completion_logs), 0) AS bigint)         AS completion_logs,
       CAST(COALESCE(SUM(completion_percentage_sum), 0) AS bigint) AS completion_percentage_sum,
       CAST(COALESCE(SUM(completed), 0) AS bigint)               AS completed
FROM learners
