INSERT INTO viewing_days AS counted (student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds,
                                     completion_logs, completion_percentage_sum, furthest_percentage)
SELECT item.student_id, item.day, item.lesson_id, item.streaming_logs, item.watch_time_logs, item.watch_time_seconds,
       item.completion_logs, item.completion_percentage_sum, NULLIF(item.furthest_percentage, -1)
FROM {rows}
WHERE true
ON CONFLICT (student_id, day, lesson_id) DO UPDATE
SET streaming_logs            = counted.streaming_logs + excluded.streaming_logs,
    watch_time_logs           = counted.watch_time_logs + excluded.watch_time_logs,
    watch_time_seconds        = counted.watch_time_seconds + excluded.watch_time_seconds,
    completion_logs           = counted.completion_logs + excluded.completion_logs,
    completion_percentage_sum = counted.completion_percentage_sum + excluded.completion_percentage_sum,
    furthest_percentage       = GREATEST(counted.furthest_percentage, excluded.furthest_percentage) -- postgres
    -- SQLite's MAX of two is null where one of them is.
    furthest_percentage       = COALESCE(MAX(counted.furthest_percentage, excluded.furthest_percentage), -- sqlite
                                         counted.furthest_percentage, excluded.furthest_percentage) -- sqlite
RETURNING student_id, day, lesson_id, streaming_logs
