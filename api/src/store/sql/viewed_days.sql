-- What is still to be folded in counts as well; on a day that is closed there is no log, and the figures stay.
SELECT day, lesson_id, CAST(SUM(streaming_logs) AS bigint) AS streaming_logs,
       CAST(SUM(watch_time_seconds) AS bigint) AS watch_time_seconds
FROM counted_viewing_days
WHERE student_id = {student_id} AND (day > {day} OR day = {day} AND lesson_id > {lesson_id})
GROUP BY day, lesson_id
ORDER BY day, lesson_id
LIMIT {limit}
