SELECT student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
       completion_percentage_sum
FROM viewing_days
WHERE student_id > {after} AND student_id <= {upto} AND day >= {from}
