SELECT minute, CAST(SUM(streaming_logs) AS bigint)
FROM counted_log_minutes
WHERE minute >= {from} AND minute < {to}
GROUP BY minute
ORDER BY minute
