INSERT INTO streaming_logs (log_id, student_id, lesson_id, event_type, watch_time_seconds, completion_percentage,
                            event_timestamp, received_at)
SELECT item.log_id, item.student_id, item.lesson_id, item.event_type, NULLIF(item.watch_time_seconds, -1),
       NULLIF(item.completion_percentage, -1), item.event_timestamp, item.received_at
FROM {rows}
WHERE true
ON CONFLICT (student_id, log_id) DO NOTHING
