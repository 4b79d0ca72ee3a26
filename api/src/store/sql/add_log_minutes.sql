INSERT INTO log_minutes AS counted (minute, streaming_logs)
SELECT item.minute, item.streaming_logs
FROM {rows}
WHERE true
ON CONFLICT (minute) DO UPDATE SET streaming_logs = counted.streaming_logs + excluded.streaming_logs
