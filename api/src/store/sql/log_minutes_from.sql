SELECT minute, CAST(SUM(streaming_logs) AS bigint) AS streaming_logs
FROM counted_log_minutes
WHERE minute >= {from}
GROUP BY minute
