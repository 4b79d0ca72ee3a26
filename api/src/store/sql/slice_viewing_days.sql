SELECT student_id, day, lesson_id, CAST(SUM(streaming_logs) AS bigint) AS streaming_logs,
       CAST(SUM(watch_time_logs) AS bigint) AS watch_time_logs, CAST(SUM(watch_time_seconds) AS bigint) AS watch_time_seconds,
       CAST(SUM(completion_logs) AS bigint) AS completion_logs,
       CAST(SUM(completion_percentage_sum) AS bigint) AS completion_percentage_sum,
       MAX(furthest_percentage) AS furthest_percentage
FROM counted_viewing_days
WHERE student_id > {after} AND student_id <= {upto} AND day >= {from}
GROUP BY student_id, day, lesson_id
