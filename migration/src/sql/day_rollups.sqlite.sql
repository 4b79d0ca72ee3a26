-- Sums by day that every answer begins with. The day 0001-01-01 stands for all time: there active_students alone is kept,
-- since the sums of all days add up and learners do not.
CREATE TABLE classroom_days (
    classroom                 TEXT NOT NULL,
    day                       TEXT NOT NULL,
    streaming_logs            INTEGER NOT NULL,
    watch_time_logs           INTEGER NOT NULL,
    watch_time_seconds        INTEGER NOT NULL,
    completion_logs           INTEGER NOT NULL,
    completion_percentage_sum INTEGER NOT NULL,
    active_students           INTEGER NOT NULL,
    completed                 INTEGER NOT NULL,
    PRIMARY KEY (classroom, day)
) STRICT;
CREATE INDEX classroom_days_day ON classroom_days (day);

CREATE TABLE lesson_days (
    lesson_id                 INTEGER NOT NULL,
    day                       TEXT NOT NULL,
    streaming_logs            INTEGER NOT NULL,
    watch_time_logs           INTEGER NOT NULL,
    watch_time_seconds        INTEGER NOT NULL,
    completion_logs           INTEGER NOT NULL,
    completion_percentage_sum INTEGER NOT NULL,
    active_students           INTEGER NOT NULL,
    completed                 INTEGER NOT NULL,
    PRIMARY KEY (lesson_id, day)
) STRICT;
CREATE INDEX lesson_days_day ON lesson_days (day);

-- Who was active on which day, and at all (0001-01-01); who met which lesson. What is inserted here is counted above once.
CREATE TABLE learner_days (
    student_id INTEGER NOT NULL,
    day        TEXT NOT NULL,
    PRIMARY KEY (student_id, day)
) STRICT;
CREATE INDEX learner_days_day ON learner_days (day, student_id);

CREATE TABLE learner_lessons (
    student_id INTEGER NOT NULL,
    lesson_id  INTEGER NOT NULL,
    PRIMARY KEY (student_id, lesson_id)
) STRICT;

-- The rollups as they are at this moment. SQLite keeps them up to date in the same transaction; on PostgreSQL there is more
-- to it.
CREATE VIEW counted_learner_days AS SELECT student_id, day FROM learner_days;
CREATE VIEW counted_learner_lessons AS SELECT student_id, lesson_id FROM learner_lessons;
CREATE VIEW counted_classroom_days AS SELECT * FROM classroom_days;
CREATE VIEW counted_lesson_days AS SELECT * FROM lesson_days;

CREATE VIEW counted_log_minutes AS SELECT minute, streaming_logs FROM log_minutes;
CREATE VIEW counted_day_revisions AS SELECT day, revision FROM day_revisions;
CREATE VIEW counted_intake_days AS SELECT day, accepted, duplicate, rejected, late FROM intake_days;

-- A lesson's days are in lesson_days now, its learners in learner_lessons.
DROP INDEX viewing_days_lesson;
DROP INDEX completions_lesson;

INSERT INTO classroom_days
SELECT students.classroom, part.day,
       CAST(SUM(part.streaming_logs) AS bigint)            AS streaming_logs,
       CAST(SUM(part.watch_time_logs) AS bigint)           AS watch_time_logs,
       CAST(SUM(part.watch_time_seconds) AS bigint)        AS watch_time_seconds,
       CAST(SUM(part.completion_logs) AS bigint)           AS completion_logs,
       CAST(SUM(part.completion_percentage_sum) AS bigint) AS completion_percentage_sum,
       CAST(SUM(part.active_students) AS bigint)           AS active_students,
       CAST(SUM(part.completed) AS bigint)                 AS completed
FROM (
    -- A learner's day.
    SELECT student_id, day,
           SUM(streaming_logs)            AS streaming_logs,
           SUM(watch_time_logs)           AS watch_time_logs,
           SUM(watch_time_seconds)        AS watch_time_seconds,
           SUM(completion_logs)           AS completion_logs,
           SUM(completion_percentage_sum) AS completion_percentage_sum,
           1                              AS active_students,
           0                              AS completed
    FROM viewing_days
    GROUP BY student_id, day
    UNION ALL
    SELECT student_id, day, 0, 0, 0, 0, 0, 0, 1 FROM completions
    -- All time: who was active on any day.
    UNION ALL
    SELECT DISTINCT student_id, '0001-01-01', 0, 0, 0, 0, 0, 1, 0 FROM viewing_days
) AS part
JOIN students ON students.student_id = part.student_id
GROUP BY students.classroom, part.day;

INSERT INTO lesson_days
SELECT part.lesson_id, part.day,
       CAST(SUM(part.streaming_logs) AS bigint)            AS streaming_logs,
       CAST(SUM(part.watch_time_logs) AS bigint)           AS watch_time_logs,
       CAST(SUM(part.watch_time_seconds) AS bigint)        AS watch_time_seconds,
       CAST(SUM(part.completion_logs) AS bigint)           AS completion_logs,
       CAST(SUM(part.completion_percentage_sum) AS bigint) AS completion_percentage_sum,
       CAST(SUM(part.active_students) AS bigint)           AS active_students,
       CAST(SUM(part.completed) AS bigint)                 AS completed
FROM (
    -- A learner's day with the lesson.
    SELECT lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
           completion_percentage_sum, 1 AS active_students, 0 AS completed
    FROM viewing_days
    UNION ALL
    SELECT lesson_id, day, 0, 0, 0, 0, 0, 0, 1 FROM completions
    -- All time: who met the lesson on any day.
    UNION ALL
    SELECT lesson_id, '0001-01-01', 0, 0, 0, 0, 0, 1, 0
    FROM (SELECT DISTINCT student_id, lesson_id FROM viewing_days) AS met
) AS part
GROUP BY part.lesson_id, part.day;

INSERT INTO learner_days
SELECT DISTINCT student_id, day FROM viewing_days
UNION
SELECT DISTINCT student_id, '0001-01-01' FROM viewing_days;

INSERT INTO learner_lessons
SELECT DISTINCT student_id, lesson_id FROM viewing_days;
