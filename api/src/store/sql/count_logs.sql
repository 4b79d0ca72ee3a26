-- Which bucket each minute of the window belongs to.
WITH minutes AS MATERIALIZED (
    SELECT item.minute, item.bucket
    FROM {rows}
),
-- A range of at most a day on the index of the log.
logs AS (
    SELECT student_id, date_trunc('minute', event_timestamp) AS minute -- postgres
    SELECT student_id, substr(event_timestamp, 1, 17) || '00.000000Z' AS minute -- sqlite
    FROM streaming_logs
    WHERE event_timestamp >= {from} AND event_timestamp < {to} {and_of_their_learners}
)
SELECT minutes.bucket, COUNT(*) AS streaming_logs, COUNT(DISTINCT logs.student_id) AS active_students
FROM logs
JOIN minutes ON minutes.minute = logs.minute
GROUP BY minutes.bucket
