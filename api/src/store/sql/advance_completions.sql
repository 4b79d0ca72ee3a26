UPDATE completions
SET completed_at = item.completed_at, day = item.day
FROM {rows}
WHERE completions.student_id = item.student_id AND completions.lesson_id = item.lesson_id
  AND item.completed_at < completions.completed_at
