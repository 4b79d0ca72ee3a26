-- Which of these logs were stored before, just as they are: by their places, the first of which is 1. They are counted as
-- duplicates. None is where the roster is not what we remember.
WITH
-- As where new logs are stored.
guard AS MATERIALIZED (
    SELECT 1
    FROM settings
    WHERE pg_try_advisory_xact_lock_shared($1) AND roster_generation = $2
    FOR SHARE
),
-- The plan is made once, perhaps while the table is empty: LIMIT 1 makes it look up each log by its key for ever.
resent AS MATERIALIZED (
    SELECT sent.place, sent.arrived_on
    FROM UNNEST($3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::integer[], $8::integer[], $9::timestamptz[],
                $10::timestamptz[], $11::boolean[], $12::date[]) WITH ORDINALITY
        AS sent(log_id, student_id, lesson_id, event_type, watch_time_seconds, completion_percentage, event_timestamp,
                received_at, says_when, arrived_on, place)
    CROSS JOIN LATERAL (
        SELECT *
        FROM streaming_logs
        WHERE streaming_logs.student_id = sent.student_id AND streaming_logs.log_id = sent.log_id
        LIMIT 1
    ) AS stored
    WHERE EXISTS (SELECT FROM guard)
      AND stored.lesson_id = sent.lesson_id
      AND stored.event_type = sent.event_type
      AND stored.watch_time_seconds IS NOT DISTINCT FROM sent.watch_time_seconds
      AND stored.completion_percentage IS NOT DISTINCT FROM sent.completion_percentage
      -- A time that was the server's own may differ.
      AND (stored.event_timestamp = sent.event_timestamp OR NOT sent.says_when)
),
counted AS (
    INSERT INTO intake_days AS counted (day, accepted, duplicate, rejected, late)
    SELECT arrived_on, 0, COUNT(*), 0, 0
    FROM resent
    GROUP BY arrived_on
    ORDER BY arrived_on
    ON CONFLICT (day) DO UPDATE SET duplicate = counted.duplicate + excluded.duplicate
    RETURNING 1
)
SELECT ARRAY(SELECT place FROM resent), (SELECT COUNT(*) FROM counted)
