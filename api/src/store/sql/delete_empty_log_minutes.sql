DELETE FROM log_minutes
WHERE streaming_logs <= 0 AND minute IN (SELECT item.minute FROM {rows})
