-- The last day with a log of each learner who has one. The day 0001-01-01 stands for all time and is none.
SELECT active.student_id, MAX(active.day) AS day
FROM (
    SELECT item.student_id,
           (SELECT MAX(kept.day) FROM learner_days AS kept WHERE kept.student_id = item.student_id) AS day
    FROM {rows}
    UNION ALL
    -- What is still to be folded in.
    SELECT student_id, day
    FROM pending_viewing_days
    WHERE student_id IN (SELECT item.student_id FROM {rows})
) AS active
WHERE active.day > {ever}
GROUP BY active.student_id
