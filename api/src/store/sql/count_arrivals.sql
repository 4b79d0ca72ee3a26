-- Logs by the tenth of a second of their arrival, in a narrow range at the end of the index on arrival.
SELECT date_bin('100 milliseconds', received_at, TIMESTAMPTZ '2000-01-01 00:00:00Z') AS tenth, -- postgres
SELECT substr(received_at, 1, 21) || '00000Z' AS tenth, -- sqlite
       COUNT(*) AS streaming_logs
FROM streaming_logs
WHERE received_at >= {from} AND received_at < {to}
GROUP BY tenth
