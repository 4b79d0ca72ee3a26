-- Whole minutes from the rollup: one range of its key for each bucket. CROSS JOIN keeps SQLite from turning it round.
SELECT item.bucket, CAST(SUM(counted.streaming_logs) AS bigint) AS streaming_logs
FROM {rows}
CROSS JOIN log_minutes AS counted
WHERE counted.minute >= item.first_minute AND counted.minute < item.end_minute
GROUP BY item.bucket
-- What is still to be folded in: aggregated once, not for each bucket.
UNION ALL
SELECT item.bucket, CAST(SUM(pending.streaming_logs) AS bigint)
FROM {rows}
JOIN pending_log_minutes AS pending ON pending.minute >= item.first_minute AND pending.minute < item.end_minute
GROUP BY item.bucket
-- The part of a minute at either end of the window, from the log itself.
UNION ALL
SELECT CAST({head_bucket} AS bigint), COUNT(*)
FROM streaming_logs
WHERE event_timestamp >= {head_from} AND event_timestamp < {head_to}
UNION ALL
SELECT CAST({tail_bucket} AS bigint), COUNT(*)
FROM streaming_logs
WHERE event_timestamp >= {tail_from} AND event_timestamp < {tail_to}
