-- Learners without a log on any of some days: all who are enrolled, but for those who were active.
SELECT (SELECT COUNT(*) FROM students)
     - (SELECT COUNT(*)
        FROM (
            SELECT student_id FROM learner_days WHERE day BETWEEN {first_day} AND {last_day}
            UNION
            -- What is still to be folded in.
            SELECT student_id FROM pending_viewing_days WHERE day BETWEEN {first_day} AND {last_day}
        ) AS active) AS silent_students
