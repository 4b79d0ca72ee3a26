INSERT INTO learner_lessons (student_id, lesson_id)
SELECT item.student_id, item.lesson_id
FROM {rows}
WHERE true
ON CONFLICT (student_id, lesson_id) DO NOTHING
RETURNING student_id, lesson_id
