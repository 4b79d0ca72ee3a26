UPDATE lessons
SET external_id = item.external_id, title = item.title, subject = NULLIF(item.subject, ''),
    duration_seconds = NULLIF(item.duration_seconds, -1)
FROM {rows}
WHERE lessons.lesson_id = item.lesson_id
