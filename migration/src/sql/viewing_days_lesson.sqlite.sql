-- How far the learners of one lesson came is asked of the viewings themselves.
CREATE INDEX viewing_days_lesson ON viewing_days (lesson_id, day);
