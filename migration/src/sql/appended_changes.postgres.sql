-- PostgreSQL appends the viewings too, as SQLite does: a row that is updated once for many logs, and in order, costs half.

-- What was appended before has been counted in viewing_days already: taken back here, it is folded in like the rest.
UPDATE viewing_days AS counted
SET streaming_logs            = counted.streaming_logs - change.streaming_logs,
    watch_time_logs           = counted.watch_time_logs - change.watch_time_logs,
    watch_time_seconds        = counted.watch_time_seconds - change.watch_time_seconds,
    completion_logs           = counted.completion_logs - change.completion_logs,
    completion_percentage_sum = counted.completion_percentage_sum - change.completion_percentage_sum
FROM (SELECT student_id, day, lesson_id,
             SUM(streaming_logs)            AS streaming_logs,
             SUM(watch_time_logs)           AS watch_time_logs,
             SUM(watch_time_seconds)        AS watch_time_seconds,
             SUM(completion_logs)           AS completion_logs,
             SUM(completion_percentage_sum) AS completion_percentage_sum
      FROM viewing_changes
      GROUP BY student_id, day, lesson_id) AS change
WHERE counted.student_id = change.student_id AND counted.day = change.day AND counted.lesson_id = change.lesson_id;

DELETE FROM viewing_days WHERE streaming_logs = 0;

DROP VIEW counted_learner_days, counted_learner_lessons, counted_classroom_days, counted_lesson_days;

ALTER TABLE viewing_changes DROP COLUMN is_new;

-- What is still to be folded in, as rows of the rollups that it will become. A key may come in several rows.
CREATE VIEW pending_viewing_days AS
SELECT student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
       completion_percentage_sum
FROM viewing_changes
WHERE streaming_logs > 0;

CREATE VIEW pending_learner_days AS
SELECT student_id, day FROM pending_viewing_days
UNION
SELECT student_id, DATE '0001-01-01' FROM pending_viewing_days;

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
SELECT met.lesson_id, DATE '0001-01-01', 0, 0, 0, 0, 0, 1, 0
FROM pending_learner_lessons AS met
WHERE NOT EXISTS (SELECT 1
                  FROM learner_lessons AS known
                  WHERE known.student_id = met.student_id AND known.lesson_id = met.lesson_id);

-- The rollups as they are at this moment: what is kept, and what is still to be folded in.
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
