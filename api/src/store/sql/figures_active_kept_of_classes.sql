-- Of one day, and of all time (0001-01-01), the number of active learners is kept.
active_classrooms AS (
    SELECT classroom, SUM(active_students) AS active_students
    FROM counted_classroom_days
    WHERE day = {active_day} AND classroom IN (SELECT item.classroom FROM {classes})
    GROUP BY classroom
),
