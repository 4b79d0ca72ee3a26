SELECT part.lesson_id, part.day,
       CAST({sign} * SUM(part.streaming_logs) AS bigint)            AS streaming_logs,
       CAST({sign} * SUM(part.watch_time_logs) AS bigint)           AS watch_time_logs,
       CAST({sign} * SUM(part.watch_time_seconds) AS bigint)        AS watch_time_seconds,
       CAST({sign} * SUM(part.completion_logs) AS bigint)           AS completion_logs,
       CAST({sign} * SUM(part.completion_percentage_sum) AS bigint) AS completion_percentage_sum,
       CAST({sign} * SUM(part.active_students) AS bigint)           AS active_students,
       CAST({sign} * SUM(part.completed) AS bigint)                 AS completed
FROM (
    -- A learner's day with the lesson.
    SELECT lesson_id, day,
           SUM(streaming_logs)            AS streaming_logs,
           SUM(watch_time_logs)           AS watch_time_logs,
           SUM(watch_time_seconds)        AS watch_time_seconds,
           SUM(completion_logs)           AS completion_logs,
           SUM(completion_percentage_sum) AS completion_percentage_sum,
           1                              AS active_students,
           0                              AS completed
    FROM counted_viewing_days
    WHERE day >= {from} AND {whose}
    GROUP BY student_id, day, lesson_id
    UNION ALL
    SELECT lesson_id, day, 0, 0, 0, 0, 0, 0, 1 FROM completions WHERE day >= {from} AND {whose}
    -- All time: who met the lesson on any day.
    UNION ALL
    SELECT lesson_id, CAST('0001-01-01' AS date), 0, 0, 0, 0, 0, 1, 0 -- postgres
    SELECT lesson_id, '0001-01-01', 0, 0, 0, 0, 0, 1, 0 -- sqlite
    FROM (SELECT DISTINCT student_id, lesson_id FROM counted_viewing_days WHERE {whose}) AS met
) AS part
GROUP BY part.lesson_id, part.day
