-- Logs of some classrooms by the tenth of a second of their arrival, in a narrow range at the end of the index on arrival: IS
-- TRUE keeps the learners from being gone through instead.
SELECT date_bin('100 milliseconds', logs.received_at, TIMESTAMPTZ '2000-01-01 00:00:00Z') AS tenth, -- postgres
SELECT substr(logs.received_at, 1, 21) || '00000Z' AS tenth, -- sqlite
       students.classroom, COUNT(*) AS streaming_logs
FROM streaming_logs AS logs
CROSS JOIN students
WHERE logs.received_at >= {from} AND logs.received_at < {to} AND students.student_id = logs.student_id
  AND (students.classroom IN (SELECT item.classroom FROM {classes})) IS TRUE
GROUP BY tenth, students.classroom
