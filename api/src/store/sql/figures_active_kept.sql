-- Of one day, and of all time (0001-01-01), the number of active learners is kept.
WITH active_classrooms AS (
    SELECT classroom, SUM(active_students) AS active_students
    FROM counted_classroom_days
    WHERE day = {active_day}
    GROUP BY classroom
),
active_lessons AS (
    SELECT lesson_id, SUM(active_students) AS active_students FROM counted_lesson_days WHERE day = {active_day} GROUP BY lesson_id
),
