INSERT INTO lesson_days AS counted (lesson_id, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
                                    completion_percentage_sum, active_students, completed)
SELECT item.lesson_id, item.day, item.streaming_logs, item.watch_time_logs, item.watch_time_seconds,
       item.completion_logs, item.completion_percentage_sum, item.active_students, item.completed
FROM {rows}
WHERE true
ON CONFLICT (lesson_id, day) DO UPDATE
SET streaming_logs            = counted.streaming_logs + excluded.streaming_logs,
    watch_time_logs           = counted.watch_time_logs + excluded.watch_time_logs,
    watch_time_seconds        = counted.watch_time_seconds + excluded.watch_time_seconds,
    completion_logs           = counted.completion_logs + excluded.completion_logs,
    completion_percentage_sum = counted.completion_percentage_sum + excluded.completion_percentage_sum,
    active_students           = counted.active_students + excluded.active_students,
    completed                 = counted.completed + excluded.completed
