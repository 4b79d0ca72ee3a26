-- Of several days each active learner is counted once.
WITH active_classrooms AS (
    SELECT students.classroom, COUNT(*) AS active_students
    FROM (SELECT DISTINCT student_id FROM counted_learner_days WHERE day BETWEEN {first_day} AND {last_day}) AS active
    JOIN students ON students.student_id = active.student_id
    GROUP BY students.classroom
),
active_lessons AS (
    SELECT lesson_id, COUNT(DISTINCT student_id) AS active_students
    FROM viewing_days
    WHERE day BETWEEN {first_day} AND {last_day}
    GROUP BY lesson_id
),
