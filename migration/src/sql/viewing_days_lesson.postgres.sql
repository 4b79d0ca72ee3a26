-- How far the learners of one lesson came is asked of the viewings themselves. While it is built folding waits, and neither
-- ingestion nor a reader does.
CREATE INDEX viewing_days_lesson ON viewing_days (lesson_id, day);
