-- Folds what was appended into the viewings and the sums by day. One statement sees one state: it takes away exactly what it adds. Whoever
-- runs it is alone in that: see store/fold.rs.
WITH change AS (
    DELETE FROM viewing_changes
    RETURNING *
),
viewed AS (
    INSERT INTO viewing_days AS counted (student_id, day, lesson_id, streaming_logs, watch_time_logs,
                                         watch_time_seconds, completion_logs, completion_percentage_sum,
                                         furthest_percentage)
    SELECT student_id, day, lesson_id, SUM(streaming_logs), SUM(watch_time_logs), SUM(watch_time_seconds),
           SUM(completion_logs), SUM(completion_percentage_sum), MAX(furthest_percentage)
    FROM change
    WHERE streaming_logs > 0
    GROUP BY student_id, day, lesson_id
    ORDER BY student_id, day, lesson_id
    ON CONFLICT (student_id, day, lesson_id) DO UPDATE
    SET streaming_logs            = counted.streaming_logs + excluded.streaming_logs,
        watch_time_logs           = counted.watch_time_logs + excluded.watch_time_logs,
        watch_time_seconds        = counted.watch_time_seconds + excluded.watch_time_seconds,
        completion_logs           = counted.completion_logs + excluded.completion_logs,
        completion_percentage_sum = counted.completion_percentage_sum + excluded.completion_percentage_sum,
        furthest_percentage       = GREATEST(counted.furthest_percentage, excluded.furthest_percentage)
    RETURNING student_id, day, lesson_id, xmax = 0 AS is_new
),
-- Viewings that begin with this.
begun AS MATERIALIZED (
    SELECT student_id, day, lesson_id FROM viewed WHERE is_new
),
active AS (
    INSERT INTO learner_days (student_id, day)
    SELECT DISTINCT student_id, day FROM begun
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
    SELECT DISTINCT student_id, lesson_id FROM begun
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
        FROM change
        UNION ALL
        SELECT student_id, day, 0, 0, 0, 0, 0, 1, 0 FROM active
        UNION ALL
        SELECT student_id, day, 0, 0, 0, 0, 0, 1, 0 FROM first_active
    ) AS part
    JOIN students USING (student_id)
    GROUP BY classroom, day
    -- By bytes, as groups write them.
    ORDER BY classroom COLLATE "C", day
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
               completion_percentage_sum, 0 AS active_students, completed
        FROM change
        UNION ALL
        SELECT lesson_id, day, 0, 0, 0, 0, 0, 1, 0 FROM begun
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
       (SELECT COUNT(*) FROM viewed),
       (SELECT COUNT(*) FROM active),
       (SELECT COUNT(*) FROM first_active),
       (SELECT COUNT(*) FROM met),
       (SELECT COUNT(*) FROM classrooms_counted),
       (SELECT COUNT(*) FROM lessons_counted)
