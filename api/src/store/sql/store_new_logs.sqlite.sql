-- Stores and counts logs that are assumed to be new. Wherever that is wrong a statement fails, and its transaction is
-- undone: the primary key is violated, or settings would be given a second row (the roster is not what we remember).
UPDATE settings SET id = 2 WHERE roster_generation <> {roster_generation};

INSERT INTO streaming_logs (log_id, student_id, lesson_id, event_type, watch_time_seconds, completion_percentage,
                            event_timestamp, received_at)
SELECT item.log_id, item.student_id, item.lesson_id, item.event_type, NULLIF(item.watch_time_seconds, -1),
       NULLIF(item.completion_percentage, -1), item.event_timestamp, item.received_at
FROM {logs};

-- What the rollups do not know yet: appended here, folded into them soon. See store/fold.rs.
INSERT INTO viewing_changes (student_id, lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds,
                             completion_logs, completion_percentage_sum, furthest_percentage, completed)
SELECT item.student_id, item.lesson_id, item.day, item.streaming_logs, item.watch_time_logs, item.watch_time_seconds,
       item.completion_logs, item.completion_percentage_sum, NULLIF(item.furthest_percentage, -1), 0
FROM {viewings};

-- A completing log that came late: the pair was complete at a later moment, perhaps on a later day.
INSERT INTO day_revisions AS raised (day, revision)
SELECT day, 1
FROM (SELECT item.day FROM {days}
      UNION
      SELECT later.day
      FROM {completions}
      JOIN completions AS later ON later.student_id = item.student_id AND later.lesson_id = item.lesson_id
      WHERE item.completed_at < later.completed_at)
WHERE true
ON CONFLICT (day) DO UPDATE SET revision = raised.revision + 1;

INSERT INTO viewing_changes (student_id, lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds,
                             completion_logs, completion_percentage_sum, completed)
SELECT item.student_id, item.lesson_id, later.day, 0, 0, 0, 0, 0, -1
FROM {completions}
JOIN completions AS later ON later.student_id = item.student_id AND later.lesson_id = item.lesson_id
WHERE item.completed_at < later.completed_at
UNION ALL
SELECT item.student_id, item.lesson_id, item.day, 0, 0, 0, 0, 0, 1
FROM {completions}
WHERE NOT EXISTS (SELECT 1
                  FROM completions AS known
                  WHERE known.student_id = item.student_id AND known.lesson_id = item.lesson_id
                    AND known.completed_at <= item.completed_at);

INSERT INTO completions (student_id, lesson_id, completed_at, day)
SELECT item.student_id, item.lesson_id, item.completed_at, item.day
FROM {completions}
WHERE true
ON CONFLICT (student_id, lesson_id) DO UPDATE
SET completed_at = excluded.completed_at, day = excluded.day
WHERE excluded.completed_at < completions.completed_at;

INSERT INTO minute_changes (minute, streaming_logs) SELECT item.minute, item.streaming_logs FROM {minutes};

INSERT INTO intake_days AS counted (day, accepted, duplicate, rejected, late)
SELECT item.day, item.accepted, item.duplicate, item.rejected, item.late
FROM {intake}
WHERE true
ON CONFLICT (day) DO UPDATE
SET accepted = counted.accepted + excluded.accepted,
    late     = counted.late + excluded.late;
