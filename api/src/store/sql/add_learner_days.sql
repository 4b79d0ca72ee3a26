INSERT INTO learner_days (student_id, day)
SELECT item.student_id, item.day
FROM {rows}
WHERE true
ON CONFLICT (student_id, day) DO NOTHING
RETURNING student_id, day
