SELECT date_trunc('minute', event_timestamp, 'UTC') AS minute, -- postgres
SELECT substr(event_timestamp, 1, 16) || ':00.000000Z' AS minute, -- sqlite
       COUNT(*) AS streaming_logs
FROM streaming_logs
WHERE student_id = {student_id} AND event_timestamp >= {open_from}
GROUP BY 1
ORDER BY 1
