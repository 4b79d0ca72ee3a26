-- Bounded from below, because a block range index finds a range but knows no order.
SELECT log_id, student_id, lesson_id, event_type, watch_time_seconds, completion_percentage, event_timestamp,
       received_at
FROM streaming_logs
WHERE received_at >= {since}
ORDER BY received_at DESC, student_id, log_id
LIMIT {limit}
