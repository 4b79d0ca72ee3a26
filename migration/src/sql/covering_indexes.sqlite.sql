-- Both hold the learner now, so that who met a lesson, and who was active in an hour, is counted from the index alone. A table
-- of SQLite has its rows by number: without the learner in the index each row is looked up where it happens to lie.
CREATE INDEX viewing_days_lesson_learner ON viewing_days (lesson_id, day, student_id);
DROP INDEX viewing_days_lesson;

CREATE INDEX streaming_logs_event_timestamp_learner ON streaming_logs (event_timestamp, student_id);
DROP INDEX streaming_logs_event_timestamp;
