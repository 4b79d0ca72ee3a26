-- How far a learner came in a lesson on a day: the largest percentage that any log of it carried, null where none did. The
-- columns are added without touching a row. What was counted before has none until `edtech-api rebuild` counts it anew: SQL
-- knows no days of the platform's zone. See docs/OPERATIONS.md.
--
-- In the order in which a folding takes the tables.
ALTER TABLE viewing_changes ADD COLUMN furthest_percentage integer;
ALTER TABLE viewing_days ADD COLUMN furthest_percentage integer;

CREATE OR REPLACE VIEW pending_viewing_days AS
SELECT student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
       completion_percentage_sum, furthest_percentage
FROM viewing_changes
WHERE streaming_logs > 0;

CREATE OR REPLACE VIEW counted_viewing_days AS
SELECT * FROM viewing_days UNION ALL SELECT * FROM pending_viewing_days;
