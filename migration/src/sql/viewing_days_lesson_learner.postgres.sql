-- Who met a lesson over a month is counted from the index alone, lesson by lesson, without sorting a million viewings. While it
-- is built folding waits, and neither ingestion nor a reader does.
CREATE INDEX viewing_days_lesson_learner ON viewing_days (lesson_id, day) INCLUDE (student_id);
DROP INDEX viewing_days_lesson;
