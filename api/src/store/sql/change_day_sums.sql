INSERT INTO {table} AS counted ({key}, day, streaming_logs, watch_time_logs, watch_time_seconds, completion_logs,
                               completion_percentage_sum, active_students, completed)
SELECT * FROM ({derive}) AS change
WHERE true
ORDER BY 1, 2
ON CONFLICT ({key}, day) DO UPDATE
SET streaming_logs            = counted.streaming_logs + excluded.streaming_logs,
    watch_time_logs           = counted.watch_time_logs + excluded.watch_time_logs,
    watch_time_seconds        = counted.watch_time_seconds + excluded.watch_time_seconds,
    completion_logs           = counted.completion_logs + excluded.completion_logs,
    completion_percentage_sum = counted.completion_percentage_sum + excluded.completion_percentage_sum,
    active_students           = counted.active_students + excluded.active_students,
    completed                 = counted.completed + excluded.completed
