-- Folds what each group has appended into the rows that all groups share.
WITH change AS (
    DELETE FROM group_changes
    RETURNING *
),
minutes_counted AS (
    INSERT INTO log_minutes AS counted (minute, streaming_logs)
    SELECT part.minute, SUM(part.streaming_logs)
    FROM change, UNNEST(change.minutes, change.streaming_logs) AS part(minute, streaming_logs)
    GROUP BY part.minute
    ORDER BY part.minute
    ON CONFLICT (minute) DO UPDATE SET streaming_logs = counted.streaming_logs + excluded.streaming_logs
    RETURNING 1
),
days_raised AS (
    INSERT INTO day_revisions AS raised (day, revision)
    SELECT part.day, COUNT(*)
    FROM change, UNNEST(change.days) AS part(day)
    GROUP BY part.day
    ORDER BY part.day
    ON CONFLICT (day) DO UPDATE SET revision = raised.revision + excluded.revision
    RETURNING 1
),
intake_counted AS (
    INSERT INTO intake_days AS counted (day, accepted, duplicate, rejected, late)
    SELECT part.day, SUM(part.accepted), 0, 0, SUM(part.late)
    FROM change, UNNEST(change.intake_days, change.accepted, change.late) AS part(day, accepted, late)
    GROUP BY part.day
    ORDER BY part.day
    ON CONFLICT (day) DO UPDATE
    SET accepted = counted.accepted + excluded.accepted,
        late     = counted.late + excluded.late
    RETURNING 1
)
-- Evaluated in order, which is the order of every writer.
SELECT (SELECT COUNT(*) FROM change),
       (SELECT COUNT(*) FROM minutes_counted),
       (SELECT COUNT(*) FROM days_raised),
       (SELECT COUNT(*) FROM intake_counted)
