SELECT lesson_id, completed_at, day
FROM completions
WHERE student_id = {student_id} AND lesson_id > {after}
ORDER BY lesson_id
LIMIT {limit}
