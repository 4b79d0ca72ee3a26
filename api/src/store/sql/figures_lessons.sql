-- Every lesson; without a log it has zeros. Nobody is enrolled in a lesson.
UNION ALL
SELECT 'lesson', NULL, NULL, lessons.lesson_id, lessons.external_id, lessons.title, lessons.subject,
       0,
       COUNT(DISTINCT counted.student_id) FILTER (WHERE counted.streaming_logs > 0),
       CAST(COALESCE(SUM(counted.streaming_logs), 0) AS bigint),
       CAST(COALESCE(SUM(counted.watch_time_logs), 0) AS bigint),
       CAST(COALESCE(SUM(counted.watch_time_seconds), 0) AS bigint),
       CAST(COALESCE(SUM(counted.completion_logs), 0) AS bigint),
       CAST(COALESCE(SUM(counted.completion_percentage_sum), 0) AS bigint),
       CAST(COALESCE(SUM(counted.completed), 0) AS bigint)
FROM lessons
LEFT JOIN counted ON counted.lesson_id = lessons.lesson_id
GROUP BY lessons.lesson_id, lessons.external_id, lessons.title, lessons.subject
