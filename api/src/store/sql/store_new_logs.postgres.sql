-- Stores and counts logs that are assumed to be new, in one transaction of one statement. Wherever that is wrong nothing
-- is stored: a primary key is violated (a log is not new, or somebody else has completed a pair just now), a number is divided
-- by zero (somebody else has moved a completion just now), or the root of a negative number is taken (the roster is not what we
-- remember).
--
-- The expressions of the last SELECT are evaluated in order, so every writer touches the tables in the same order.
WITH
-- No row where the gate is closed, or where the roster or the closed days have changed since we last looked. FOR SHARE
-- looks at the row as it is after the gate, not as it was when we began.
guard AS MATERIALIZED (
    SELECT 1
    FROM settings
    WHERE pg_try_advisory_xact_lock_shared($1) AND roster_generation = $2
    FOR SHARE
),
-- What is completed now, and what was known of it when the statement began. The plan is made once, perhaps while the table is
-- empty: LIMIT 1 makes it look up each pair by its key for ever.
reached AS MATERIALIZED (
    SELECT pair.*, known.completed_at AS known_at, known.day AS known_day
    FROM UNNEST($20::bigint[], $21::bigint[], $22::timestamptz[], $23::date[])
        AS pair(student_id, lesson_id, completed_at, day)
    LEFT JOIN LATERAL (
        SELECT completed_at, day
        FROM completions
        WHERE completions.student_id = pair.student_id AND completions.lesson_id = pair.lesson_id
        LIMIT 1
    ) AS known ON TRUE
),
stored AS (
    INSERT INTO streaming_logs (log_id, student_id, lesson_id, event_type, watch_time_seconds, completion_percentage,
                                event_timestamp, received_at)
    SELECT *
    FROM UNNEST($3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::integer[], $8::integer[], $9::timestamptz[],
                $10::timestamptz[])
    RETURNING 1
),
completed AS (
    INSERT INTO completions (student_id, lesson_id, completed_at, day)
    SELECT student_id, lesson_id, completed_at, day
    FROM reached
    WHERE known_at IS NULL
    RETURNING student_id, lesson_id, day
),
-- A completing log that came late: the pair was complete at an earlier moment, perhaps on an earlier day.
moved AS (
    UPDATE completions
    SET completed_at = reached.completed_at, day = reached.day
    FROM reached
    WHERE completions.student_id = reached.student_id AND completions.lesson_id = reached.lesson_id
      AND completions.completed_at = reached.known_at AND reached.completed_at < reached.known_at
    RETURNING completions.student_id, completions.lesson_id, reached.known_day AS from_day, completions.day AS to_day
),
-- What the rollups do not know yet: appended here in one row, folded into them soon. Updating them now would cost as much as all
-- the rest, and whoever stores a group would wait for whoever stores another.
appended AS (
    INSERT INTO appended_groups (
        minutes, minute_logs, days, intake_days, accepted, late, viewed_students, viewed_days, viewed_lessons, viewed_logs,
        viewed_watch_time_logs, viewed_watch_time_seconds, viewed_completion_logs, viewed_completion_percentage_sums,
        viewed_furthest_percentages, completions)
    SELECT $24::timestamptz[], $25::bigint[], $26::date[] || ARRAY(SELECT from_day FROM moved), $27::date[], $28::bigint[],
           $29::bigint[], $11::bigint[], $12::date[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
           $18::bigint[], $19::integer[],
           ARRAY(SELECT ROW(student_id, lesson_id, day, 1)::completion_change FROM completed
                 UNION ALL
                 SELECT ROW(student_id, lesson_id, UNNEST(ARRAY[from_day, to_day]), UNNEST(ARRAY[-1, 1]))::completion_change
                 FROM moved)
)
SELECT SQRT(CASE WHEN EXISTS (SELECT FROM guard) THEN 1 ELSE -1 END),
       (SELECT COUNT(*) FROM stored),
       (SELECT COUNT(*) FROM completed),
       -- Each pair that was complete at a later moment is what it was.
       1 / CASE WHEN (SELECT COUNT(*) FROM moved) = (SELECT COUNT(*) FROM reached WHERE completed_at < known_at)
                THEN 1 ELSE 0 END
