-- The latest arrivals of each of some classrooms, among those of a range: IS TRUE has it read, and not all logs of their
-- learners.
SELECT classroom, log_id, student_id, lesson_id, event_type, watch_time_seconds, completion_percentage, event_timestamp,
       received_at
FROM (SELECT students.classroom, logs.*,
             ROW_NUMBER() OVER (PARTITION BY students.classroom
                                ORDER BY logs.received_at DESC, logs.student_id, logs.log_id) AS place
      FROM streaming_logs AS logs
      CROSS JOIN students
      WHERE logs.received_at >= {from} AND logs.received_at < {to} AND students.student_id = logs.student_id
        AND (students.classroom IN (SELECT item.classroom FROM {classes})) IS TRUE) AS latest
WHERE place <= {limit}
