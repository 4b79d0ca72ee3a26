-- Stores and counts logs that are assumed to be new, in one transaction of one statement. Wherever that is wrong nothing
-- is stored: the guard finds nothing, the primary key is violated, or the last line divides by zero.
--
-- The expressions of the last SELECT are evaluated in order, so every writer touches the tables in the same order.
WITH reached AS MATERIALIZED (
    SELECT *
    FROM UNNEST($20::bigint[], $21::bigint[], $22::timestamptz[], $23::date[])
        AS item(student_id, lesson_id, completed_at, day)
),
-- Of the pairs that are completed now, those that were complete when the statement began.
known AS MATERIALIZED (
    SELECT completions.*, reached.completed_at AS reached_at, reached.day AS reached_day
    FROM reached
    JOIN completions ON completions.student_id = reached.student_id AND completions.lesson_id = reached.lesson_id
),
-- No row where the gate is closed, or where somebody was renamed or deleted or days were closed since we last looked.
-- FOR SHARE looks at the row as it is after the gate, not as it was when we began.
guard AS MATERIALIZED (
    SELECT 1
    FROM settings
    WHERE pg_try_advisory_xact_lock_shared($1)
      AND roster_generation = $2 AND closed_before IS NOT DISTINCT FROM $3
    FOR SHARE
),
stored AS (
    INSERT INTO streaming_logs (log_id, student_id, lesson_id, event_type, watch_time_seconds, completion_percentage,
                                event_timestamp, received_at)
    SELECT item.*
    FROM UNNEST($4::uuid[], $5::bigint[], $6::bigint[], $7::text[], $8::integer[], $9::integer[], $10::timestamptz[],
                $11::timestamptz[]) AS item
    WHERE EXISTS (SELECT FROM guard)
    RETURNING 1
),
viewing AS MATERIALIZED (
    SELECT item.*
    FROM UNNEST($12::bigint[], $13::date[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[],
                $19::bigint[])
        AS item(student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
                completion_percentage_sum)
    WHERE EXISTS (SELECT FROM guard)
),
viewed AS (
    INSERT INTO viewing_days AS counted (student_id, day, lesson_id, streaming_logs, watch_time_logs,
                                         watch_time_seconds, completion_logs, completion_percentage_sum)
    SELECT student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
           completion_percentage_sum
    FROM viewing
    ON CONFLICT (student_id, day, lesson_id) DO UPDATE
    SET streaming_logs            = counted.streaming_logs + excluded.streaming_logs,
        watch_time_logs           = counted.watch_time_logs + excluded.watch_time_logs,
        watch_time_seconds        = counted.watch_time_seconds + excluded.watch_time_seconds,
        completion_logs           = counted.completion_logs + excluded.completion_logs,
        completion_percentage_sum = counted.completion_percentage_sum + excluded.completion_percentage_sum
    RETURNING student_id, day, lesson_id, xmax = 0 AS is_new
),
completed AS (
    INSERT INTO completions (student_id, lesson_id, completed_at, day)
    SELECT student_id, lesson_id, completed_at, day
    FROM reached
    WHERE EXISTS (SELECT FROM guard)
      AND NOT EXISTS (SELECT FROM known
                      WHERE known.student_id = reached.student_id AND known.lesson_id = reached.lesson_id)
    ON CONFLICT (student_id, lesson_id) DO NOTHING
    RETURNING student_id, lesson_id, day
),
-- A completing log that came late: the pair was complete at an earlier moment, perhaps on an earlier day.
moved AS (
    UPDATE completions
    SET completed_at = known.reached_at, day = known.reached_day
    FROM known
    WHERE completions.student_id = known.student_id AND completions.lesson_id = known.lesson_id
      AND completions.completed_at = known.completed_at AND known.reached_at < known.completed_at
      AND EXISTS (SELECT FROM guard)
    RETURNING completions.student_id, completions.lesson_id, known.day AS from_day, completions.day AS to_day
),
-- What the other rollups do not know yet: appended here, folded into them soon. Updating them now would cost as much as
-- all the rest, and whoever stores a group would wait for whoever stores another.
appended AS (
    INSERT INTO viewing_changes (student_id, lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds,
                                 completion_logs, completion_percentage_sum, is_new, completed)
    SELECT viewing.student_id, viewing.lesson_id, viewing.day, viewing.streaming_logs, viewing.watch_time_logs,
           viewing.watch_time_seconds, viewing.completion_logs, viewing.completion_percentage_sum, viewed.is_new, 0
    FROM viewing
    JOIN viewed ON viewed.student_id = viewing.student_id AND viewed.day = viewing.day
               AND viewed.lesson_id = viewing.lesson_id
    UNION ALL
    SELECT student_id, lesson_id, day, 0, 0, 0, 0, 0, false, 1 FROM completed
    UNION ALL
    SELECT student_id, lesson_id, from_day, 0, 0, 0, 0, 0, false, -1 FROM moved WHERE from_day <> to_day
    UNION ALL
    SELECT student_id, lesson_id, to_day, 0, 0, 0, 0, 0, false, 1 FROM moved WHERE from_day <> to_day
    RETURNING 1
),
grouped AS (
    INSERT INTO group_changes (minutes, streaming_logs, days, intake_days, accepted, late)
    SELECT $24::timestamptz[], $25::bigint[], ARRAY(SELECT UNNEST($26::date[]) UNION SELECT from_day FROM moved),
           $27::date[], $28::bigint[], $29::bigint[]
    WHERE EXISTS (SELECT FROM guard)
    RETURNING 1
)
SELECT (SELECT COUNT(*) FROM stored),
       (SELECT COUNT(*) FROM viewed),
       -- Whether each pair is as complete as it has to be. If not, somebody else has completed one just now.
       1 / CASE WHEN NOT EXISTS (SELECT FROM guard)
                  OR ((SELECT COUNT(*) FROM completed) = (SELECT COUNT(*) FROM reached) - (SELECT COUNT(*) FROM known)
                      AND (SELECT COUNT(*) FROM moved)
                          = (SELECT COUNT(*) FROM known WHERE reached_at < completed_at))
                THEN 1 ELSE 0 END,
       (SELECT COUNT(*) FROM appended),
       (SELECT COUNT(*) FROM grouped)
