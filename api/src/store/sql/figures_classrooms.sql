-- Every classroom with its learners of today; without a log it has zeros.
UNION ALL
SELECT 'classroom', classrooms.classroom, NULL, NULL, NULL, NULL, NULL,
       COUNT(students.student_id),
       COUNT(*) FILTER (WHERE learners.streaming_logs > 0),
       CAST(COALESCE(SUM(learners.streaming_logs), 0) AS bigint),
       CAST(COALESCE(SUM(learners.watch_time_logs), 0) AS bigint),
       CAST(COALESCE(SUM(learners.watch_time_seconds), 0) AS bigint),
       CAST(COALESCE(SUM(learners.completion_logs), 0) AS bigint),
       CAST(COALESCE(SUM(learners.completion_percentage_sum), 0) AS bigint),
       CAST(COALESCE(SUM(learners.completed), 0) AS bigint)
FROM classrooms
LEFT JOIN students ON students.classroom = classrooms.classroom
LEFT JOIN learners ON learners.student_id = students.student_id
GROUP BY classrooms.classroom
