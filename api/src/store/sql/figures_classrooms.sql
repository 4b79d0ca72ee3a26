-- Every classroom with its learners of today; without a log it has zeros.
UNION ALL
SELECT 'classroom', classroom, NULL, NULL, NULL, NULL, NULL,
       students, active_students, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
       completion_percentage_sum, completed
FROM by_classroom
