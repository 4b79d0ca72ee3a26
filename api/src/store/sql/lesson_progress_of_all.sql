WITH learners AS MATERIALIZED (
    -- Each learner once, on however many days.
    SELECT student_id, MAX(furthest_percentage) AS furthest_percentage
    FROM counted_viewing_days
    WHERE lesson_id = {lesson_id} AND day BETWEEN {first_day} AND {last_day}
    GROUP BY student_id
),
counted AS (
    SELECT CAST({active_students} AS bigint)                            AS active_students,
           CAST(COALESCE(SUM(streaming_logs), 0) AS bigint)            AS streaming_logs,
           CAST(COALESCE(SUM(watch_time_logs), 0) AS bigint)           AS watch_time_logs,
           CAST(COALESCE(SUM(watch_time_seconds), 0) AS bigint)        AS watch_time_seconds,
           CAST(COALESCE(SUM(completion_logs), 0) AS bigint)           AS completion_logs,
           CAST(COALESCE(SUM(completion_percentage_sum), 0) AS bigint) AS completion_percentage_sum,
           CAST(COALESCE(SUM(completed), 0) AS bigint)                 AS completed
    FROM counted_lesson_days
    WHERE lesson_id = {lesson_id} AND day BETWEEN {first_day} AND {last_day}
),
