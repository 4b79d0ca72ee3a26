-- A group of logs appends one row, which holds as arrays what had rows of its own before: what it adds to viewings. They cost a
-- group a tenth of its time, and had to be deleted and vacuumed.

-- Whoever holds these for long, such as a check of everything, is not waited for: logs would wait behind us.
SET LOCAL lock_timeout = '10s';
-- In the order in which a folding takes them.
LOCK TABLE viewing_changes, group_changes;

CREATE TYPE completion_change AS (student_id bigint, lesson_id bigint, day date, completed bigint);

CREATE TABLE appended_groups (
    -- log_minutes
    minutes                           timestamptz[] NOT NULL DEFAULT '{}',
    minute_logs                       bigint[] NOT NULL DEFAULT '{}',
    -- Days whose figures changed: day_revisions
    days                              date[] NOT NULL DEFAULT '{}',
    -- intake_days
    intake_days                       date[] NOT NULL DEFAULT '{}',
    accepted                          bigint[] NOT NULL DEFAULT '{}',
    late                              bigint[] NOT NULL DEFAULT '{}',
    -- viewing_days
    viewed_students                   bigint[] NOT NULL DEFAULT '{}',
    viewed_days                       date[] NOT NULL DEFAULT '{}',
    viewed_lessons                    bigint[] NOT NULL DEFAULT '{}',
    viewed_logs                       bigint[] NOT NULL DEFAULT '{}',
    viewed_watch_time_logs            bigint[] NOT NULL DEFAULT '{}',
    viewed_watch_time_seconds         bigint[] NOT NULL DEFAULT '{}',
    viewed_completion_logs            bigint[] NOT NULL DEFAULT '{}',
    viewed_completion_percentage_sums bigint[] NOT NULL DEFAULT '{}',
    viewed_furthest_percentages       integer[] NOT NULL DEFAULT '{}',
    -- What completions add to days: 1, or -1 where one has moved to an earlier day.
    completions                       completion_change[] NOT NULL DEFAULT '{}'
-- A row is as long as a page at most, and what is longer lies beside it.
) WITH (toast_tuple_target = 8160);

-- To make them smaller takes longer than to write them.
ALTER TABLE appended_groups
    ALTER COLUMN viewed_students                   SET STORAGE EXTERNAL,
    ALTER COLUMN viewed_days                       SET STORAGE EXTERNAL,
    ALTER COLUMN viewed_lessons                    SET STORAGE EXTERNAL,
    ALTER COLUMN viewed_logs                       SET STORAGE EXTERNAL,
    ALTER COLUMN viewed_watch_time_logs            SET STORAGE EXTERNAL,
    ALTER COLUMN viewed_watch_time_seconds         SET STORAGE EXTERNAL,
    ALTER COLUMN viewed_completion_logs            SET STORAGE EXTERNAL,
    ALTER COLUMN viewed_completion_percentage_sums SET STORAGE EXTERNAL,
    ALTER COLUMN viewed_furthest_percentages       SET STORAGE EXTERNAL,
    ALTER COLUMN completions                       SET STORAGE EXTERNAL;

-- What was appended before.
INSERT INTO appended_groups (minutes, minute_logs, days, intake_days, accepted, late)
SELECT minutes, streaming_logs, days, intake_days, accepted, late FROM group_changes;

INSERT INTO appended_groups (viewed_students, viewed_days, viewed_lessons, viewed_logs, viewed_watch_time_logs,
                             viewed_watch_time_seconds, viewed_completion_logs, viewed_completion_percentage_sums,
                             viewed_furthest_percentages)
SELECT ARRAY_AGG(student_id), ARRAY_AGG(day), ARRAY_AGG(lesson_id), ARRAY_AGG(streaming_logs), ARRAY_AGG(watch_time_logs),
       ARRAY_AGG(watch_time_seconds), ARRAY_AGG(completion_logs), ARRAY_AGG(completion_percentage_sum),
       ARRAY_AGG(furthest_percentage)
FROM viewing_changes
WHERE streaming_logs > 0
HAVING COUNT(*) > 0;

INSERT INTO appended_groups (completions)
SELECT ARRAY_AGG(ROW(student_id, lesson_id, day, completed)::completion_change)
FROM viewing_changes
WHERE completed <> 0
HAVING COUNT(*) > 0;

-- Unnested side by side: as a function in FROM each array would be written out first, which takes four times as long.
CREATE OR REPLACE VIEW pending_viewing_days AS
SELECT UNNEST(viewed_students)                   AS student_id,
       UNNEST(viewed_days)                       AS day,
       UNNEST(viewed_lessons)                    AS lesson_id,
       UNNEST(viewed_logs)                       AS streaming_logs,
       UNNEST(viewed_watch_time_logs)            AS watch_time_logs,
       UNNEST(viewed_watch_time_seconds)         AS watch_time_seconds,
       UNNEST(viewed_completion_logs)            AS completion_logs,
       UNNEST(viewed_completion_percentage_sums) AS completion_percentage_sum,
       UNNEST(viewed_furthest_percentages)       AS furthest_percentage
FROM appended_groups;

CREATE VIEW pending_completions AS
SELECT completion.student_id, completion.lesson_id, completion.day, completion.completed
FROM appended_groups, UNNEST(appended_groups.completions) AS completion;

CREATE OR REPLACE VIEW pending_classroom_days AS
SELECT students.classroom, viewing.day, viewing.streaming_logs, viewing.watch_time_logs, viewing.watch_time_seconds,
       viewing.completion_logs, viewing.completion_percentage_sum, 0 AS active_students, 0 AS completed
FROM pending_viewing_days AS viewing
JOIN students ON students.student_id = viewing.student_id
UNION ALL
SELECT students.classroom, completion.day, 0, 0, 0, 0, 0, 0, completion.completed
FROM pending_completions AS completion
JOIN students ON students.student_id = completion.student_id
UNION ALL
SELECT students.classroom, active.day, 0, 0, 0, 0, 0, 1, 0
FROM pending_learner_days AS active
JOIN students ON students.student_id = active.student_id
WHERE NOT EXISTS (SELECT 1
                  FROM learner_days AS known
                  WHERE known.student_id = active.student_id AND known.day = active.day);

CREATE OR REPLACE VIEW pending_lesson_days AS
SELECT lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs, completion_percentage_sum,
       0 AS active_students, 0 AS completed
FROM pending_viewing_days
UNION ALL
SELECT lesson_id, day, 0, 0, 0, 0, 0, 0, completed
FROM pending_completions
UNION ALL
SELECT begun.lesson_id, begun.day, 0, 0, 0, 0, 0, 1, 0
FROM (SELECT DISTINCT student_id, day, lesson_id FROM pending_viewing_days) AS begun
WHERE NOT EXISTS (SELECT 1
                  FROM viewing_days AS known
                  WHERE known.student_id = begun.student_id AND known.day = begun.day
                    AND known.lesson_id = begun.lesson_id)
UNION ALL
SELECT met.lesson_id, DATE '0001-01-01', 0, 0, 0, 0, 0, 1, 0
FROM pending_learner_lessons AS met
WHERE NOT EXISTS (SELECT 1
                  FROM learner_lessons AS known
                  WHERE known.student_id = met.student_id AND known.lesson_id = met.lesson_id);

CREATE OR REPLACE VIEW pending_log_minutes AS
SELECT part.minute, SUM(part.streaming_logs) AS streaming_logs
FROM appended_groups AS appended, UNNEST(appended.minutes, appended.minute_logs) AS part(minute, streaming_logs)
GROUP BY part.minute;

CREATE OR REPLACE VIEW counted_day_revisions AS
SELECT day, revision FROM day_revisions
UNION ALL
SELECT part.day, COUNT(*) FROM appended_groups AS appended, UNNEST(appended.days) AS part(day) GROUP BY part.day;

CREATE OR REPLACE VIEW counted_intake_days AS
SELECT day, accepted, duplicate, rejected, late FROM intake_days
UNION ALL
SELECT part.day, part.accepted, 0, 0, part.late
FROM appended_groups AS appended, UNNEST(appended.intake_days, appended.accepted, appended.late) AS part(day, accepted, late);

-- Older replicas go on appending and reading by the old names, until they are exchanged. They would fold what they know a part
-- of, so that is left to the new ones: an older one is told to try again.
DROP TABLE viewing_changes, group_changes;

CREATE VIEW viewing_changes AS
SELECT student_id, lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
       completion_percentage_sum, 0 AS completed, furthest_percentage
FROM pending_viewing_days
UNION ALL
SELECT student_id, lesson_id, day, 0, 0, 0, 0, 0, completed, NULL
FROM pending_completions;

-- What it appends to this one needs no trigger.
CREATE VIEW group_changes AS
SELECT minutes, minute_logs AS streaming_logs, days, intake_days, accepted, late FROM appended_groups;

CREATE FUNCTION append_viewing_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.streaming_logs > 0 THEN
        INSERT INTO appended_groups (viewed_students, viewed_days, viewed_lessons, viewed_logs, viewed_watch_time_logs,
                                     viewed_watch_time_seconds, viewed_completion_logs, viewed_completion_percentage_sums,
                                     viewed_furthest_percentages)
        VALUES (ARRAY[NEW.student_id], ARRAY[NEW.day], ARRAY[NEW.lesson_id], ARRAY[NEW.streaming_logs],
                ARRAY[NEW.watch_time_logs], ARRAY[NEW.watch_time_seconds], ARRAY[NEW.completion_logs],
                ARRAY[NEW.completion_percentage_sum], ARRAY[NEW.furthest_percentage]);
    END IF;
    IF NEW.completed <> 0 THEN
        INSERT INTO appended_groups (completions)
        VALUES (ARRAY[ROW(NEW.student_id, NEW.lesson_id, NEW.day, NEW.completed)::completion_change]);
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION leave_folding_to_newer_replicas() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE 'a newer replica folds this in a moment' USING ERRCODE = 'serialization_failure';
END
$$;

CREATE TRIGGER of_older_replicas INSTEAD OF INSERT ON viewing_changes
    FOR EACH ROW EXECUTE FUNCTION append_viewing_change();
CREATE TRIGGER not_by_older_replicas INSTEAD OF DELETE ON viewing_changes
    FOR EACH ROW EXECUTE FUNCTION leave_folding_to_newer_replicas();
CREATE TRIGGER not_by_older_replicas INSTEAD OF DELETE ON group_changes
    FOR EACH ROW EXECUTE FUNCTION leave_folding_to_newer_replicas();
