-- Folds what groups have appended into the viewings, the sums by day, and the rows that all groups share. One statement sees one
-- state: it takes away exactly what it adds. Whoever runs it is alone in that: see store/fold.rs.
WITH appended AS (
    DELETE FROM appended_groups
    RETURNING *
),
-- A row for each viewing, however many logs it had: all that follows reads these.
viewing AS MATERIALIZED (
    SELECT student_id, day, lesson_id,
           CAST(SUM(streaming_logs) AS bigint)            AS streaming_logs,
           CAST(SUM(watch_time_logs) AS bigint)           AS watch_time_logs,
           CAST(SUM(watch_time_seconds) AS bigint)        AS watch_time_seconds,
           CAST(SUM(completion_logs) AS bigint)           AS completion_logs,
           CAST(SUM(completion_percentage_sum) AS bigint) AS completion_percentage_sum,
           MAX(furthest_percentage)                       AS furthest_percentage
    FROM (
        SELECT UNNEST(viewed_students)                   AS student_id,
               UNNEST(viewed_days)                       AS day,
               UNNEST(viewed_lessons)                    AS lesson_id,
               UNNEST(viewed_logs)                       AS streaming_logs,
               UNNEST(viewed_watch_time_logs)            AS watch_time_logs,
               UNNEST(viewed_watch_time_seconds)         AS watch_time_seconds,
               UNNEST(viewed_completion_logs)            AS completion_logs,
               UNNEST(viewed_completion_percentage_sums) AS completion_percentage_sum,
               UNNEST(viewed_furthest_percentages)       AS furthest_percentage
        FROM appended
    ) AS part
    GROUP BY student_id, day, lesson_id
),
completion AS MATERIALIZED (
    SELECT part.student_id, part.lesson_id, part.day, part.completed
    FROM appended, UNNEST(appended.completions) AS part
),
viewed AS (
    INSERT INTO viewing_days AS counted (student_id, day, lesson_id, streaming_logs, watch_time_logs,
                                         watch_time_seconds, completion_logs, completion_percentage_sum,
                                         furthest_percentage)
    SELECT student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
           completion_percentage_sum, furthest_percentage
    FROM viewing
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
               completion_percentage_sum, 0 AS active_students, 0 AS completed
        FROM viewing
        UNION ALL
        SELECT student_id, day, 0, 0, 0, 0, 0, 0, completed FROM completion
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
               completion_percentage_sum, 0 AS active_students, 0 AS completed
        FROM viewing
        UNION ALL
        SELECT lesson_id, day, 0, 0, 0, 0, 0, 0, completed FROM completion
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
),
minutes_counted AS (
    INSERT INTO log_minutes AS counted (minute, streaming_logs)
    SELECT part.minute, SUM(part.streaming_logs)
    FROM appended, UNNEST(appended.minutes, appended.minute_logs) AS part(minute, streaming_logs)
    GROUP BY part.minute
    ORDER BY part.minute
    ON CONFLICT (minute) DO UPDATE SET streaming_logs = counted.streaming_logs + excluded.streaming_logs
    RETURNING 1
),
days_raised AS (
    INSERT INTO day_revisions AS raised (day, revision)
    SELECT part.day, COUNT(*)
    FROM appended, UNNEST(appended.days) AS part(day)
    GROUP BY part.day
    ORDER BY part.day
    ON CONFLICT (day) DO UPDATE SET revision = raised.revision + excluded.revision
    RETURNING 1
),
intake_counted AS (
    INSERT INTO intake_days AS counted (day, accepted, duplicate, rejected, late)
    SELECT part.day, SUM(part.accepted), 0, 0, SUM(part.late)
    FROM appended, UNNEST(appended.intake_days, appended.accepted, appended.late) AS part(day, accepted, late)
    GROUP BY part.day
    ORDER BY part.day
    ON CONFLICT (day) DO UPDATE
    SET accepted = counted.accepted + excluded.accepted,
        late     = counted.late + excluded.late
    RETURNING 1
)
-- Evaluated in order, which is the order of every writer.
SELECT (SELECT COUNT(*) FROM appended),
       (SELECT COUNT(*) FROM viewed),
       (SELECT COUNT(*) FROM active),
       (SELECT COUNT(*) FROM first_active),
       (SELECT COUNT(*) FROM met),
       (SELECT COUNT(*) FROM classrooms_counted),
       (SELECT COUNT(*) FROM lessons_counted),
       (SELECT COUNT(*) FROM minutes_counted),
       (SELECT COUNT(*) FROM days_raised),
       (SELECT COUNT(*) FROM intake_counted)
