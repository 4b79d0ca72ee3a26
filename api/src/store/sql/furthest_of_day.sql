-- How many learners came how far on a day, in each lesson: each learner once, by the furthest percentage of the day.
SELECT lesson_id, furthest_percentage, COUNT(*) AS students
FROM (
    SELECT student_id, lesson_id, MAX(furthest_percentage) AS furthest_percentage
    FROM counted_viewing_days
    WHERE day = {day}
    GROUP BY student_id, lesson_id
) AS learner
GROUP BY lesson_id, furthest_percentage
ORDER BY lesson_id, furthest_percentage
