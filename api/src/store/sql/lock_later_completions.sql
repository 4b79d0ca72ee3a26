-- The completions that lose their day to an earlier moment.
SELECT completion.student_id, completion.lesson_id, completion.day
FROM {rows}
JOIN completions AS completion
  ON completion.student_id = item.student_id AND completion.lesson_id = item.lesson_id
WHERE item.completed_at < completion.completed_at
ORDER BY completion.student_id, completion.lesson_id
FOR NO KEY UPDATE OF completion -- postgres
