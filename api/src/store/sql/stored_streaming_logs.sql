SELECT stored.student_id, stored.log_id, stored.lesson_id, stored.event_type, stored.watch_time_seconds,
       stored.completion_percentage, stored.event_timestamp
FROM {rows}
JOIN streaming_logs AS stored ON stored.student_id = item.student_id AND stored.log_id = item.log_id
