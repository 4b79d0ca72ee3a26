SELECT student_id, lesson_id, completed_at, day
FROM completions
WHERE student_id > {after} AND student_id <= {upto}
