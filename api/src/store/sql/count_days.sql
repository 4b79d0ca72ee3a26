-- Whole days from the rollup.
SELECT day, CAST(SUM(streaming_logs) AS bigint) AS streaming_logs, CAST(SUM(active_students) AS bigint) AS active_students
FROM counted_classroom_days
WHERE day BETWEEN {first_day} AND {last_day} {and_of_classes}
GROUP BY day
-- The part of a day at either end of the window, from the log itself.
UNION ALL
SELECT CAST({head_day} AS date), COUNT(*), COUNT(DISTINCT student_id) -- postgres
SELECT {head_day}, COUNT(*), COUNT(DISTINCT student_id) -- sqlite
FROM streaming_logs
WHERE event_timestamp >= {head_from} AND event_timestamp < {head_to} {and_of_their_learners}
UNION ALL
SELECT CAST({tail_day} AS date), COUNT(*), COUNT(DISTINCT student_id) -- postgres
SELECT {tail_day}, COUNT(*), COUNT(DISTINCT student_id) -- sqlite
FROM streaming_logs
WHERE event_timestamp >= {tail_from} AND event_timestamp < {tail_to} {and_of_their_learners}
