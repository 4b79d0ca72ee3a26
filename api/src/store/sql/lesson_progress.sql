-- A lesson with its figures of a span of days, once for each percentage that is somebody's furthest in it.
WITH learners AS MATERIALIZED (
    -- Each learner once, on however many days.
    SELECT student_id, MAX(furthest_percentage) AS furthest_percentage
    FROM counted_viewing_days
    WHERE lesson_id = {lesson_id} AND day BETWEEN {first_day} AND {last_day}
    GROUP BY student_id
),
furthest AS (
    SELECT furthest_percentage, COUNT(*) AS students FROM learners GROUP BY furthest_percentage
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
)
-- A lesson that nobody has met is one row without a learner.
SELECT lessons.lesson_id, lessons.external_id, lessons.title, lessons.subject, lessons.duration_seconds, counted.*,
       furthest.furthest_percentage, COALESCE(furthest.students, 0) AS students
FROM lessons
CROSS JOIN counted
LEFT JOIN furthest ON true
WHERE lessons.lesson_id = {lesson_id}
