UPDATE log_minutes
SET streaming_logs = log_minutes.streaming_logs - item.streaming_logs
FROM {rows}
WHERE log_minutes.minute = item.minute
