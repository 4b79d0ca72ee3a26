-- PostgreSQL appends since the sums by day exist, and keeps the viewings themselves up to date: rows are locked, not pages.
CREATE VIEW counted_viewing_days AS
SELECT student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
       completion_percentage_sum
FROM viewing_days;
