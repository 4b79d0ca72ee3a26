-- SQLite appends as PostgreSQL does: rows that every group updates are pages scattered over the file, and most of what a
-- group of a few logs writes.
CREATE TABLE viewing_changes (
    student_id                INTEGER NOT NULL,
    lesson_id                 INTEGER NOT NULL,
    day                       TEXT NOT NULL,
    streaming_logs            INTEGER NOT NULL,
    watch_time_logs           INTEGER NOT NULL,
    watch_time_seconds        INTEGER NOT NULL,
    completion_logs           INTEGER NOT NULL,
    completion_percentage_sum INTEGER NOT NULL,
    completed                 INTEGER NOT NULL
) STRICT;

CREATE TABLE minute_changes (
    minute         TEXT NOT NULL,
    streaming_logs INTEGER NOT NULL
) STRICT;

-- What is still to be folded in, as rows of the rollups that it will become. A key may come in several rows.
CREATE VIEW pending_viewing_days AS
SELECT student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
       completion_percentage_sum
FROM viewing_changes
WHERE streaming_logs > 0;

CREATE VIEW pending_learner_days AS
SELECT student_id, day FROM pending_viewing_days
UNION
SELECT student_id, '0001-01-01' FROM pending_viewing_days;

CREATE VIEW pending_learner_lessons AS
SELECT DISTINCT student_id, lesson_id FROM pending_viewing_days;

CREATE VIEW pending_classroom_days AS
SELECT students.classroom, change.day, change.streaming_logs, change.watch_time_logs, change.watch_time_seconds,
       change.completion_logs, change.completion_percentage_sum, 0 AS active_students, change.completed
FROM viewing_changes AS change
JOIN students ON students.student_id = change.student_id
UNION ALL
SELECT students.classroom, active.day, 0, 0, 0, 0, 0, 1, 0
FROM pending_learner_days AS active
JOIN students ON students.student_id = active.student_id
WHERE NOT EXISTS (SELECT 1
                  FROM learner_days AS known
                  WHERE known.student_id = active.student_id AND known.day = active.day);

CREATE VIEW pending_lesson_days AS
SELECT lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs, completion_percentage_sum,
       0 AS active_students, completed
FROM viewing_changes
UNION ALL
SELECT begun.lesson_id, begun.day, 0, 0, 0, 0, 0, 1, 0
FROM (SELECT DISTINCT student_id, day, lesson_id FROM pending_viewing_days) AS begun
WHERE NOT EXISTS (SELECT 1
                  FROM viewing_days AS known
                  WHERE known.student_id = begun.student_id AND known.day = begun.day
                    AND known.lesson_id = begun.lesson_id)
UNION ALL
SELECT met.lesson_id, '0001-01-01', 0, 0, 0, 0, 0, 1, 0
FROM pending_learner_lessons AS met
WHERE NOT EXISTS (SELECT 1
                  FROM learner_lessons AS known
                  WHERE known.student_id = met.student_id AND known.lesson_id = met.lesson_id);

CREATE VIEW pending_log_minutes AS
SELECT minute, SUM(streaming_logs) AS streaming_logs FROM minute_changes GROUP BY minute;

-- The rollups as they are at this moment: what is kept, and what is still to be folded in.
DROP VIEW counted_learner_days;
DROP VIEW counted_learner_lessons;
DROP VIEW counted_classroom_days;
DROP VIEW counted_lesson_days;
DROP VIEW counted_log_minutes;

CREATE VIEW counted_viewing_days AS
SELECT * FROM viewing_days UNION ALL SELECT * FROM pending_viewing_days;

CREATE VIEW counted_learner_days AS
SELECT student_id, day FROM learner_days
UNION
SELECT student_id, day FROM pending_learner_days;

CREATE VIEW counted_learner_lessons AS
SELECT student_id, lesson_id FROM learner_lessons
UNION
SELECT student_id, lesson_id FROM pending_learner_lessons;

CREATE VIEW counted_classroom_days AS
SELECT * FROM classroom_days UNION ALL SELECT * FROM pending_classroom_days;

CREATE VIEW counted_lesson_days AS
SELECT * FROM lesson_days UNION ALL SELECT * FROM pending_lesson_days;

CREATE VIEW counted_log_minutes AS
SELECT minute, streaming_logs FROM log_minutes UNION ALL SELECT minute, streaming_logs FROM pending_log_minutes;
