-- Sums by day that every answer begins with. The day 0001-01-01 stands for all time: there active_students alone is kept,
-- since the sums of all days add up and learners do not.
CREATE TABLE classroom_days (
    classroom                 text NOT NULL,
    day                       date NOT NULL,
    streaming_logs            bigint NOT NULL,
    watch_time_logs           bigint NOT NULL,
    watch_time_seconds        bigint NOT NULL,
    completion_logs           bigint NOT NULL,
    completion_percentage_sum bigint NOT NULL,
    active_students           bigint NOT NULL,
    completed                 bigint NOT NULL,
    PRIMARY KEY (classroom, day)
);
CREATE INDEX classroom_days_day ON classroom_days (day);

CREATE TABLE lesson_days (
    lesson_id                 bigint NOT NULL,
    day                       date NOT NULL,
    streaming_logs            bigint NOT NULL,
    watch_time_logs           bigint NOT NULL,
    watch_time_seconds        bigint NOT NULL,
    completion_logs           bigint NOT NULL,
    completion_percentage_sum bigint NOT NULL,
    active_students           bigint NOT NULL,
    completed                 bigint NOT NULL,
    PRIMARY KEY (lesson_id, day)
);
CREATE INDEX lesson_days_day ON lesson_days (day);

-- Who was active on which day, and at all (0001-01-01); who met which lesson. What is inserted here is counted above once.
CREATE TABLE learner_days (
    student_id bigint NOT NULL,
    day        date NOT NULL,
    PRIMARY KEY (student_id, day)
);
CREATE INDEX learner_days_day ON learner_days (day, student_id);

CREATE TABLE learner_lessons (
    student_id bigint NOT NULL,
    lesson_id  bigint NOT NULL,
    PRIMARY KEY (student_id, lesson_id)
);

-- What ingestion has added to viewing_days and completions and the sums above do not know yet: only ever appended, and
-- folded into them some times a second. A row each time that a viewing grew, and each time that one was completed.
CREATE TABLE viewing_changes (
    student_id                bigint NOT NULL,
    lesson_id                 bigint NOT NULL,
    day                       date NOT NULL,
    streaming_logs            bigint NOT NULL,
    watch_time_logs           bigint NOT NULL,
    watch_time_seconds        bigint NOT NULL,
    completion_logs           bigint NOT NULL,
    completion_percentage_sum bigint NOT NULL,
    is_new                    boolean NOT NULL,
    completed                 bigint NOT NULL
);

-- The same for the rows that all groups share, a row for each group: two groups that are stored at a time, and two
-- replicas, do not wait for each other. Figures of minutes, days whose figures changed, figures of days of arrival.
CREATE TABLE group_changes (
    minutes        timestamptz[] NOT NULL,
    streaming_logs bigint[] NOT NULL,
    days           date[] NOT NULL,
    intake_days    date[] NOT NULL,
    accepted       bigint[] NOT NULL,
    late           bigint[] NOT NULL
);

-- The rollups as they are at this moment: what is kept, and what is still to be folded in. A key may come in several rows.
CREATE VIEW counted_learner_days AS
SELECT student_id, day FROM learner_days
UNION
SELECT student_id, day FROM viewing_changes WHERE is_new
UNION
SELECT student_id, DATE '0001-01-01' FROM viewing_changes WHERE is_new;

CREATE VIEW counted_learner_lessons AS
SELECT student_id, lesson_id FROM learner_lessons
UNION
SELECT student_id, lesson_id FROM viewing_changes WHERE is_new;

CREATE VIEW counted_classroom_days AS
SELECT classroom, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs, completion_percentage_sum,
       active_students, completed
FROM classroom_days
UNION ALL
SELECT students.classroom, change.day, change.streaming_logs, change.watch_time_logs, change.watch_time_seconds, change.completion_logs, change.completion_percentage_sum, 0, change.completed
FROM viewing_changes AS change
JOIN students ON students.student_id = change.student_id
UNION ALL
SELECT students.classroom, active.day, 0, 0, 0, 0, 0, 1, 0
FROM (SELECT student_id, day FROM viewing_changes WHERE is_new
      UNION
      SELECT student_id, DATE '0001-01-01' FROM viewing_changes WHERE is_new) AS active
JOIN students ON students.student_id = active.student_id
WHERE NOT EXISTS (SELECT FROM learner_days AS known
                  WHERE known.student_id = active.student_id AND known.day = active.day);

CREATE VIEW counted_lesson_days AS
SELECT lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs, completion_percentage_sum,
       active_students, completed
FROM lesson_days
UNION ALL
SELECT lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs, completion_percentage_sum,
       CASE WHEN is_new THEN 1 ELSE 0 END, completed
FROM viewing_changes
UNION ALL
SELECT met.lesson_id, DATE '0001-01-01', 0, 0, 0, 0, 0, 1, 0
FROM (SELECT DISTINCT student_id, lesson_id FROM viewing_changes WHERE is_new) AS met
WHERE NOT EXISTS (SELECT FROM learner_lessons AS known
                  WHERE known.student_id = met.student_id AND known.lesson_id = met.lesson_id);

CREATE VIEW pending_log_minutes AS
SELECT part.minute, SUM(part.streaming_logs) AS streaming_logs
FROM group_changes AS change, UNNEST(change.minutes, change.streaming_logs) AS part(minute, streaming_logs)
GROUP BY part.minute;

CREATE VIEW counted_log_minutes AS
SELECT minute, streaming_logs FROM log_minutes
UNION ALL
SELECT minute, streaming_logs FROM pending_log_minutes;

CREATE VIEW counted_day_revisions AS
SELECT day, revision FROM day_revisions
UNION ALL
SELECT part.day, COUNT(*) FROM group_changes AS change, UNNEST(change.days) AS part(day) GROUP BY part.day;

CREATE VIEW counted_intake_days AS
SELECT day, accepted, duplicate, rejected, late FROM intake_days
UNION ALL
SELECT part.day, part.accepted, 0, 0, part.late
FROM group_changes AS change, UNNEST(change.intake_days, change.accepted, change.late) AS part(day, accepted, late);

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
    SELECT DISTINCT student_id, CAST('0001-01-01' AS date), 0, 0, 0, 0, 0, 1, 0 FROM viewing_days
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
    SELECT lesson_id, CAST('0001-01-01' AS date), 0, 0, 0, 0, 0, 1, 0
    FROM (SELECT DISTINCT student_id, lesson_id FROM viewing_days) AS met
) AS part
GROUP BY part.lesson_id, part.day;

INSERT INTO learner_days
SELECT DISTINCT student_id, day FROM viewing_days
UNION
SELECT DISTINCT student_id, CAST('0001-01-01' AS date) FROM viewing_days;

INSERT INTO learner_lessons
SELECT DISTINCT student_id, lesson_id FROM viewing_days;
