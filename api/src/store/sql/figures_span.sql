-- What was counted in the span of days: a row for each learner, day and lesson, and one for each lesson completed.
WITH counted AS NOT MATERIALIZED (
    SELECT student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
           completion_percentage_sum, 0 AS completed
    FROM viewing_days
    WHERE day BETWEEN {first_day} AND {last_day}
    UNION ALL
    SELECT student_id, day, lesson_id, 0, 0, 0, 0, 0, 1
    FROM completions
    WHERE day BETWEEN {first_day} AND {last_day}
),
-- Each learner once: who watched three lessons on five days is one active student.
learners AS MATERIALIZED (
    SELECT student_id,
           SUM(streaming_logs)            AS streaming_logs,
           SUM(watch_time_logs)           AS watch_time_logs,
           SUM(watch_time_seconds)        AS watch_time_seconds,
           SUM(completion_logs)           AS completion_logs,
           SUM(completion_percentage_sum) AS completion_percentage_sum,
           SUM(completed)                 AS completed
    FROM counted
    GROUP BY student_id
)
