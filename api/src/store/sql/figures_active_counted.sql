-- Of several days each active learner is counted once.
WITH active_classrooms AS (
    SELECT students.classroom, COUNT(*) AS active_students
    FROM students
    WHERE EXISTS (SELECT 1
                  FROM learner_days AS active
                  WHERE active.student_id = students.student_id AND active.day BETWEEN {first_day} AND {last_day})
       -- What is still to be folded in.
       OR student_id IN (SELECT student_id
                         FROM pending_viewing_days
                         WHERE day BETWEEN {first_day} AND {last_day})
    GROUP BY students.classroom
),
active_lessons AS (
    SELECT lesson_id, CAST(SUM(active_students) AS bigint) AS active_students
    FROM (
        -- Lesson by lesson: a range of an index that holds the learner, whatever else the log has kept.
        SELECT lesson_id,
               (SELECT COUNT(DISTINCT student_id)
                FROM viewing_days AS kept
                WHERE kept.lesson_id = lessons.lesson_id AND kept.day BETWEEN {first_day} AND {last_day}) AS active_students
        FROM lessons
        -- What is still to be folded in, of learners who are not counted yet: found by their key, hence the plus.
        UNION ALL
        SELECT lesson_id, COUNT(DISTINCT student_id)
        FROM pending_viewing_days AS pending
        WHERE day BETWEEN {first_day} AND {last_day}
          AND NOT EXISTS (SELECT 1
                          FROM viewing_days AS kept
                          WHERE kept.student_id = pending.student_id
                            AND kept.day BETWEEN {first_day} AND {last_day}
                            AND +kept.lesson_id = pending.lesson_id)
        GROUP BY lesson_id
    ) AS part
    GROUP BY lesson_id
),
