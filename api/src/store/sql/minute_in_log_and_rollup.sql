SELECT (SELECT COUNT(*) FROM streaming_logs WHERE event_timestamp >= {from} AND event_timestamp < {to}),
       COALESCE((SELECT CAST(SUM(streaming_logs) AS bigint) FROM counted_log_minutes WHERE minute = {from}), 0)
