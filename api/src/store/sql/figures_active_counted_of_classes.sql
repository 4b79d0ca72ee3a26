-- Of several days each active learner is counted once.
active_classrooms AS (
    SELECT classroom, COUNT(*) AS active_students
    FROM enrolled
    WHERE EXISTS (SELECT 1
                  FROM learner_days AS active
                  WHERE active.student_id = enrolled.student_id AND active.day BETWEEN {first_day} AND {last_day})
       -- What is still to be folded in.
       OR student_id IN (SELECT student_id
                         FROM pending_viewing_days
                         WHERE day BETWEEN {first_day} AND {last_day})
    GROUP BY classroom
),
