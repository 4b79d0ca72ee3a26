-- Minutes in which learners of some classrooms did anything, from the log: no rollup of minutes knows classrooms. Their learners
-- or the window, whichever is less: that is for the planner to say.
SELECT date_trunc('minute', event_timestamp) AS minute, COUNT(*) AS streaming_logs -- postgres
SELECT substr(event_timestamp, 1, 17) || '00.000000Z' AS minute, COUNT(*) AS streaming_logs -- sqlite
FROM streaming_logs
WHERE event_timestamp >= {from} AND event_timestamp < {to}
  AND student_id IN (SELECT student_id FROM students WHERE classroom IN (SELECT item.classroom FROM {classes}))
GROUP BY minute
