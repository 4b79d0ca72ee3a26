DELETE FROM streaming_logs
WHERE (student_id, log_id) IN (
    SELECT student_id, log_id
    FROM streaming_logs
    WHERE event_timestamp >= {from} AND event_timestamp < {to}
    LIMIT {limit}
)
