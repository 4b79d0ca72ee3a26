-- Every lesson; without a log it has zeros. Nobody is enrolled in a lesson.
UNION ALL
SELECT 'lesson', NULL, NULL, lessons.lesson_id, lessons.external_id, lessons.title, lessons.subject,
       0,
       CAST(COALESCE(MAX(active_lessons.active_students), 0) AS bigint),
       CAST(COALESCE(SUM(counted.streaming_logs), 0) AS bigint),
       CAST(COALESCE(SUM(counted.watch_time_logs), 0) AS bigint),
       CAST(COALESCE(SUM(counted.watch_time_seconds), 0) AS bigint),
       CAST(COALESCE(SUM(counted.completion_logs), 0) AS bigint),
       CAST(COALESCE(SUM(counted.completion_percentage_sum), 0) AS bigint),
       CAST(COALESCE(SUM(counted.completed), 0) AS bigint)
FROM lessons
LEFT JOIN counted_lesson_days AS counted
       ON counted.lesson_id = lessons.lesson_id AND counted.day BETWEEN {first_day} AND {last_day}
LEFT JOIN active_lessons ON active_lessons.lesson_id = lessons.lesson_id
GROUP BY lessons.lesson_id, lessons.external_id, lessons.title, lessons.subject
