INSERT INTO completions (student_id, lesson_id, completed_at, day)
SELECT item.student_id, item.lesson_id, item.completed_at, item.day
FROM {rows}
WHERE true
ON CONFLICT (student_id, lesson_id) DO NOTHING
RETURNING student_id, lesson_id, day
