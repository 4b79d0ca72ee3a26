INSERT INTO classroom_days AS counted (classroom, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
                                    completion_percentage_sum, active_students, completed)
SELECT item.classroom, item.day, item.streaming_logs, item.watch_time_logs, item.watch_time_seconds,
       item.completion_logs, item.completion_percentage_sum, item.active_students, item.completed
FROM {rows}
WHERE true
ON CONFLICT (classroom, day) DO UPDATE
SET streaming_logs            = counted.streaming_logs + excluded.streaming_logs,
    watch_time_logs           = counted.watch_time_logs + excluded.watch_time_logs,
    watch_time_seconds        = counted.watch_time_seconds + excluded.watch_time_seconds,
    completion_logs           = counted.completion_logs + excluded.completion_logs,
    completion_percentage_sum = counted.completion_percentage_sum + excluded.completion_percentage_sum,
    active_students           = counted.active_students + excluded.active_students,
    completed                 = counted.completed + excluded.completed
