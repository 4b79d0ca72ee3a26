-- Folds what was appended into the sums by day. One statement sees one state: it takes away exactly what it adds. Whoever
-- runs it is alone in that: see store/fold.rs.
WITH change AS (
    DELETE FROM viewing_changes
    RETURNING *
),
-- What one learner did on one day.
learner_day AS MATERIALIZED (
    SELECT student_id, day,
           SUM(streaming_logs)            AS streaming_logs,
           SUM(watch_time_logs)           AS watch_time_logs,
           SUM(watch_time_seconds)        AS watch_time_seconds,
           SUM(completion_logs)           AS completion_logs,
           SUM(completion_percentage_sum) AS completion_percentage_sum,
           SUM(completed)                 AS completed,
           BOOL_OR(is_new)                AS is_new
    FROM change
    GROUP BY student_id, day
),
active AS (
    INSERT INTO learner_days (student_id, day)
    SELECT student_id, day FROM learner_day WHERE is_new
    ORDER BY student_id, day
    ON CONFLICT (student_id, day) DO NOTHING
    RETURNING student_id, day
),
-- Who was active on a day before has been active at all.
first_active AS (
    INSERT INTO learner_days (student_id, day)
    SELECT DISTINCT student_id, DATE '0001-01-01' FROM active
    ORDER BY student_id
    ON CONFLICT (student_id, day) DO NOTHING
    RETURNING student_id, day
),
met AS (
    INSERT INTO learner_lessons (student_id, lesson_id)
    SELECT DISTINCT student_id, lesson_id FROM change WHERE is_new
    ORDER BY student_id, lesson_id
    ON CONFLICT (student_id, lesson_id) DO NOTHING
    RETURNING lesson_id
),
classrooms_counted AS (
    INSERT INTO classroom_days AS counted (classroom, day, streaming_logs, watch_time_logs, watch_time_seconds,
                                           completion_logs, completion_percentage_sum, active_students, completed)
    SELECT classroom, day, SUM(streaming_logs), SUM(watch_time_logs), SUM(watch_time_seconds), SUM(completion_logs),
           SUM(completion_percentage_sum), SUM(active_students), SUM(completed)
    FROM (
        SELECT student_id, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
               completion_percentage_sum, 0 AS active_students, completed
        FROM learner_day
        UNION ALL
        SELECT student_id, day, 0, 0, 0, 0, 0, 1, 0 FROM active
        UNION ALL
        SELECT student_id, day, 0, 0, 0, 0, 0, 1, 0 FROM first_active
    ) AS part
    JOIN students USING (student_id)
    GROUP BY classroom, day
    ORDER BY classroom, day
    ON CONFLICT (classroom, day) DO UPDATE
    SET streaming_logs            = counted.streaming_logs + excluded.streaming_logs,
        watch_time_logs           = counted.watch_time_logs + excluded.watch_time_logs,
        watch_time_seconds        = counted.watch_time_seconds + excluded.watch_time_seconds,
        completion_logs           = counted.completion_logs + excluded.completion_logs,
        completion_percentage_sum = counted.completion_percentage_sum + excluded.completion_percentage_sum,
        active_students           = counted.active_students + excluded.active_students,
        completed                 = counted.completed + excluded.completed
    RETURNING 1
),
lessons_counted AS (
    INSERT INTO lesson_days AS counted (lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds,
                                           completion_logs, completion_percentage_sum, active_students, completed)
    SELECT lesson_id, day, SUM(streaming_logs), SUM(watch_time_logs), SUM(watch_time_seconds), SUM(completion_logs),
           SUM(completion_percentage_sum), SUM(active_students), SUM(completed)
    FROM (
        SELECT lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
               completion_percentage_sum, CASE WHEN is_new THEN 1 ELSE 0 END AS active_students, completed
        FROM change
        UNION ALL
        SELECT lesson_id, DATE '0001-01-01', 0, 0, 0, 0, 0, 1, 0 FROM met
    ) AS part
    GROUP BY lesson_id, day
    ORDER BY lesson_id, day
    ON CONFLICT (lesson_id, day) DO UPDATE
    SET streaming_logs            = counted.streaming_logs + excluded.streaming_logs,
        watch_time_logs           = counted.watch_time_logs + excluded.watch_time_logs,
        watch_time_seconds        = counted.watch_time_seconds + excluded.watch_time_seconds,
        completion_logs           = counted.completion_logs + excluded.completion_logs,
        completion_percentage_sum = counted.completion_percentage_sum + excluded.completion_percentage_sum,
        active_students           = counted.active_students + excluded.active_students,
        completed                 = counted.completed + excluded.completed
    RETURNING 1
)
-- Evaluated in order, which is the order of every writer.
SELECT (SELECT COUNT(*) FROM change),
       (SELECT COUNT(*) FROM active),
       (SELECT COUNT(*) FROM first_active),
       (SELECT COUNT(*) FROM met),
       (SELECT COUNT(*) FROM classrooms_counted),
       (SELECT COUNT(*) FROM lessons_counted)
