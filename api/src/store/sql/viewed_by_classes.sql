-- What the learners of some classrooms viewed and completed in a span of days: a range of a key for each of them. CROSS JOIN
-- keeps SQLite from turning it round.
WITH enrolled AS MATERIALIZED (
    SELECT student_id, classroom FROM students WHERE classroom IN (SELECT item.classroom FROM {classes})
),
viewed AS (
    SELECT kept.student_id, kept.lesson_id, kept.streaming_logs, kept.watch_time_logs, kept.watch_time_seconds,
           kept.completion_logs, kept.completion_percentage_sum, kept.furthest_percentage
    FROM enrolled
    CROSS JOIN viewing_days AS kept
    WHERE kept.student_id = enrolled.student_id AND kept.day BETWEEN {first_day} AND {last_day}
    -- What is still to be folded in has no key: each change finds its learner.
    UNION ALL
    SELECT pending.student_id, pending.lesson_id, pending.streaming_logs, pending.watch_time_logs,
           pending.watch_time_seconds, pending.completion_logs, pending.completion_percentage_sum,
           pending.furthest_percentage
    FROM pending_viewing_days AS pending
    CROSS JOIN students
    WHERE students.student_id = pending.student_id AND pending.day BETWEEN {first_day} AND {last_day}
      AND students.classroom IN (SELECT item.classroom FROM {classes})
),
finished AS (
    SELECT completions.student_id, completions.lesson_id
    FROM enrolled
    CROSS JOIN completions
    WHERE completions.student_id = enrolled.student_id AND completions.day BETWEEN {first_day} AND {last_day}
),
