-- Every lesson; without a log it has zeros. Nobody is enrolled in a lesson.
UNION ALL
SELECT 'lesson', NULL, NULL, lessons.lesson_id, lessons.external_id, lessons.title, lessons.subject,
       0,
       CAST(COALESCE(active_lessons.active_students, 0) AS bigint),
       COALESCE(counted.streaming_logs, 0),
       COALESCE(counted.watch_time_logs, 0),
       COALESCE(counted.watch_time_seconds, 0),
       COALESCE(counted.completion_logs, 0),
       COALESCE(counted.completion_percentage_sum, 0),
       COALESCE(counted.completed, 0)
FROM lessons
LEFT JOIN (SELECT lesson_id,
                  CAST(SUM(streaming_logs) AS bigint)            AS streaming_logs,
                  CAST(SUM(watch_time_logs) AS bigint)           AS watch_time_logs,
                  CAST(SUM(watch_time_seconds) AS bigint)        AS watch_time_seconds,
                  CAST(SUM(completion_logs) AS bigint)           AS completion_logs,
                  CAST(SUM(completion_percentage_sum) AS bigint) AS completion_percentage_sum,
                  CAST(SUM(completed) AS bigint)                 AS completed
           FROM counted_lesson_days
           WHERE day BETWEEN {first_day} AND {last_day}
           GROUP BY lesson_id) AS counted ON counted.lesson_id = lessons.lesson_id
LEFT JOIN active_lessons ON active_lessons.lesson_id = lessons.lesson_id
