SELECT student_id, lesson_id, watch_time_seconds, completion_percentage, event_timestamp
FROM streaming_logs
WHERE student_id > {after} AND student_id <= {upto} AND event_timestamp >= {from}
