-- The latest log of each learner among those that arrived in a range. Logs of one batch arrive together: of them the one
-- that happened last.
SELECT latest.student_id, students.classroom, latest.lesson_id, latest.received_at
FROM (SELECT student_id, lesson_id, received_at,
             ROW_NUMBER() OVER (PARTITION BY student_id
                                ORDER BY received_at DESC, event_timestamp DESC, lesson_id) AS place
      FROM streaming_logs
      WHERE received_at >= {from} AND received_at < {to}) AS latest
JOIN students ON students.student_id = latest.student_id
WHERE latest.place = 1
