-- A lesson with its figures of a span of days, once for each percentage that is somebody's furthest in it.
furthest AS (
    SELECT furthest_percentage, COUNT(*) AS students FROM learners GROUP BY furthest_percentage
)
-- A lesson that nobody has met is one row without a learner.
SELECT lessons.lesson_id, lessons.external_id, lessons.title, lessons.subject, lessons.duration_seconds, counted.*,
       furthest.furthest_percentage, COALESCE(furthest.students, 0) AS students
FROM lessons
CROSS JOIN counted
LEFT JOIN furthest ON true
WHERE lessons.lesson_id = {lesson_id}
