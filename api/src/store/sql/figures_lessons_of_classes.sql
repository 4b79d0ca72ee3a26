-- Every lesson with what the learners of these classrooms did; without a log of theirs it has zeros.
UNION ALL
SELECT 'lesson', NULL, NULL, lessons.lesson_id, lessons.external_id, lessons.title, lessons.subject,
       0,
       COALESCE(theirs.active_students, 0),
       COALESCE(theirs.streaming_logs, 0),
       COALESCE(theirs.watch_time_logs, 0),
       COALESCE(theirs.watch_time_seconds, 0),
       COALESCE(theirs.completion_logs, 0),
       COALESCE(theirs.completion_percentage_sum, 0),
       COALESCE(completed.learners, 0)
FROM lessons
LEFT JOIN (SELECT lesson_id,
                  COUNT(DISTINCT student_id)                     AS active_students,
                  CAST(SUM(streaming_logs) AS bigint)            AS streaming_logs,
                  CAST(SUM(watch_time_logs) AS bigint)           AS watch_time_logs,
                  CAST(SUM(watch_time_seconds) AS bigint)        AS watch_time_seconds,
                  CAST(SUM(completion_logs) AS bigint)           AS completion_logs,
                  CAST(SUM(completion_percentage_sum) AS bigint) AS completion_percentage_sum
           FROM viewed
           GROUP BY lesson_id) AS theirs ON theirs.lesson_id = lessons.lesson_id
LEFT JOIN (SELECT lesson_id, COUNT(*) AS learners FROM finished GROUP BY lesson_id) AS completed
       ON completed.lesson_id = lessons.lesson_id
