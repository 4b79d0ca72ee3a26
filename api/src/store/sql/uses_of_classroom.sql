-- Whatever was streamed in it is counted by day, also after retention.
SELECT 1 FROM counted_classroom_days WHERE classroom = {classroom} AND (streaming_logs > 0 OR active_students > 0 OR completed > 0)
LIMIT 1
