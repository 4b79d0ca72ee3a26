SELECT minute, streaming_logs FROM log_minutes WHERE minute >= {from} AND minute < {to} ORDER BY minute
