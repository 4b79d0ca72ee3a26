-- Whatever was streamed of it is counted by day, also after retention.
SELECT 1 FROM counted_lesson_days WHERE lesson_id = {lesson_id} AND (streaming_logs > 0 OR active_students > 0 OR completed > 0)
LIMIT 1
