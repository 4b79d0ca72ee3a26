-- Every day with a figure. Enrolment is today's and stands in the totals.
UNION ALL
SELECT 'day', NULL, counted.day, NULL, NULL, NULL, NULL,
       0,
       CAST(SUM(counted.active_students) AS bigint),
       CAST(SUM(counted.streaming_logs) AS bigint),
       CAST(SUM(counted.watch_time_logs) AS bigint),
       CAST(SUM(counted.watch_time_seconds) AS bigint),
       CAST(SUM(counted.completion_logs) AS bigint),
       CAST(SUM(counted.completion_percentage_sum) AS bigint),
       CAST(SUM(counted.completed) AS bigint)
FROM counted
GROUP BY counted.day
HAVING SUM(counted.streaming_logs) > 0 OR SUM(counted.completed) > 0
