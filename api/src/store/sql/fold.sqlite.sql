-- Folds what was appended into the rollups. A viewing sends about ten logs: they become one row first, for all that follows.
CREATE TEMP TABLE folding AS
SELECT student_id, lesson_id, day, SUM(streaming_logs) AS streaming_logs, SUM(watch_time_logs) AS watch_time_logs,
       SUM(watch_time_seconds) AS watch_time_seconds, SUM(completion_logs) AS completion_logs,
       SUM(completion_percentage_sum) AS completion_percentage_sum, MAX(furthest_percentage) AS furthest_percentage,
       SUM(completed) AS completed
FROM viewing_changes
GROUP BY student_id, day, lesson_id;

DELETE FROM viewing_changes;

INSERT INTO viewing_changes (student_id, lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds,
                             completion_logs, completion_percentage_sum, furthest_percentage, completed)
SELECT * FROM folding;

DROP TABLE folding;

-- The sums, since they ask what was not known before.
INSERT INTO classroom_days AS counted
SELECT classroom, day, SUM(streaming_logs), SUM(watch_time_logs), SUM(watch_time_seconds), SUM(completion_logs),
       SUM(completion_percentage_sum), SUM(active_students), SUM(completed)
FROM pending_classroom_days
WHERE true
GROUP BY classroom, day
ON CONFLICT (classroom, day) DO UPDATE
SET streaming_logs            = counted.streaming_logs + excluded.streaming_logs,
    watch_time_logs           = counted.watch_time_logs + excluded.watch_time_logs,
    watch_time_seconds        = counted.watch_time_seconds + excluded.watch_time_seconds,
    completion_logs           = counted.completion_logs + excluded.completion_logs,
    completion_percentage_sum = counted.completion_percentage_sum + excluded.completion_percentage_sum,
    active_students           = counted.active_students + excluded.active_students,
    completed                 = counted.completed + excluded.completed;

INSERT INTO lesson_days AS counted
SELECT lesson_id, day, SUM(streaming_logs), SUM(watch_time_logs), SUM(watch_time_seconds), SUM(completion_logs),
       SUM(completion_percentage_sum), SUM(active_students), SUM(completed)
FROM pending_lesson_days
WHERE true
GROUP BY lesson_id, day
ON CONFLICT (lesson_id, day) DO UPDATE
SET streaming_logs            = counted.streaming_logs + excluded.streaming_logs,
    watch_time_logs           = counted.watch_time_logs + excluded.watch_time_logs,
    watch_time_seconds        = counted.watch_time_seconds + excluded.watch_time_seconds,
    completion_logs           = counted.completion_logs + excluded.completion_logs,
    completion_percentage_sum = counted.completion_percentage_sum + excluded.completion_percentage_sum,
    active_students           = counted.active_students + excluded.active_students,
    completed                 = counted.completed + excluded.completed;

INSERT INTO learner_days SELECT student_id, day FROM pending_learner_days WHERE true ON CONFLICT DO NOTHING;

INSERT INTO learner_lessons SELECT student_id, lesson_id FROM pending_learner_lessons WHERE true ON CONFLICT DO NOTHING;

INSERT INTO viewing_days AS counted
SELECT student_id, day, lesson_id, SUM(streaming_logs), SUM(watch_time_logs), SUM(watch_time_seconds), SUM(completion_logs),
       SUM(completion_percentage_sum), MAX(furthest_percentage)
FROM pending_viewing_days
WHERE true
GROUP BY student_id, day, lesson_id
ON CONFLICT (student_id, day, lesson_id) DO UPDATE
SET streaming_logs            = counted.streaming_logs + excluded.streaming_logs,
    watch_time_logs           = counted.watch_time_logs + excluded.watch_time_logs,
    watch_time_seconds        = counted.watch_time_seconds + excluded.watch_time_seconds,
    completion_logs           = counted.completion_logs + excluded.completion_logs,
    completion_percentage_sum = counted.completion_percentage_sum + excluded.completion_percentage_sum,
    -- The MAX of two is null where one of them is.
    furthest_percentage       = COALESCE(MAX(counted.furthest_percentage, excluded.furthest_percentage),
                                         counted.furthest_percentage, excluded.furthest_percentage);

INSERT INTO log_minutes AS counted
SELECT minute, streaming_logs FROM pending_log_minutes WHERE true
ON CONFLICT (minute) DO UPDATE SET streaming_logs = counted.streaming_logs + excluded.streaming_logs;

DELETE FROM viewing_changes;
DELETE FROM minute_changes;
