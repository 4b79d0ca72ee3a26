-- Of several days each active learner is counted once.
WITH active_classrooms AS (
    SELECT students.classroom, COUNT(*) AS active_students
    FROM students
    WHERE EXISTS (SELECT 1
                  FROM learner_days AS active
                  WHERE active.student_id = students.student_id AND active.day BETWEEN {first_day} AND {last_day})
       -- What is still to be folded in.
       OR student_id IN (SELECT student_id
                         FROM viewing_changes
                         WHERE streaming_logs > 0 AND day BETWEEN {first_day} AND {last_day})
    GROUP BY students.classroom
),
active_lessons AS (
    SELECT lesson_id, COUNT(DISTINCT student_id) AS active_students
    FROM counted_viewing_days
    WHERE day BETWEEN {first_day} AND {last_day}
    GROUP BY lesson_id
),
