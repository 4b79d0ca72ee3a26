SELECT (SELECT COUNT(*) FROM streaming_logs WHERE event_timestamp >= {from} AND event_timestamp < {to}),
       COALESCE((SELECT streaming_logs FROM log_minutes WHERE minute = {from}), 0)
