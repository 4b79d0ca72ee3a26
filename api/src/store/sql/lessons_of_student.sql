SELECT lesson_id, external_id, title, subject, duration_seconds, created_at
FROM lessons
WHERE lesson_id > {after}
  AND lesson_id IN (SELECT lesson_id FROM counted_viewing_days WHERE student_id = {student_id})
ORDER BY lesson_id
LIMIT {limit}
