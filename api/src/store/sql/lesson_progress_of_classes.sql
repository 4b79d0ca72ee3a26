-- Each learner once, on however many days.
learners AS MATERIALIZED (
    SELECT student_id,
           SUM(streaming_logs)            AS streaming_logs,
           SUM(watch_time_logs)           AS watch_time_logs,
           SUM(watch_time_seconds)        AS watch_time_seconds,
           SUM(completion_logs)           AS completion_logs,
           SUM(completion_percentage_sum) AS completion_percentage_sum,
           MAX(furthest_percentage)       AS furthest_percentage
    FROM viewed
    WHERE lesson_id = {lesson_id}
    GROUP BY student_id
),
counted AS (
    SELECT COUNT(*)                                                           AS active_students,
           CAST(COALESCE(SUM(streaming_logs), 0) AS bigint)                   AS streaming_logs,
           CAST(COALESCE(SUM(watch_time_logs), 0) AS bigint)                  AS watch_time_logs,
           CAST(COALESCE(SUM(watch_time_seconds), 0) AS bigint)               AS watch_time_seconds,
           CAST(COALESCE(SUM(completion_logs), 0) AS bigint)                  AS completion_logs,
           CAST(COALESCE(SUM(completion_percentage_sum), 0) AS bigint)        AS completion_percentage_sum,
           (SELECT COUNT(*) FROM finished WHERE lesson_id = {lesson_id})      AS completed
    FROM learners
),
