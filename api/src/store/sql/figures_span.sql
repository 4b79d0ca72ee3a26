-- What was counted in the span of days, a row or more for each classroom and day.
counted AS (
    SELECT * FROM counted_classroom_days WHERE day BETWEEN {first_day} AND {last_day} {and_of_classes}
),
by_classroom AS MATERIALIZED (
    SELECT classrooms.classroom,
           (SELECT COUNT(*) FROM students WHERE students.classroom = classrooms.classroom)           AS students,
           CAST(COALESCE(MAX(active_classrooms.active_students), 0) AS bigint) AS active_students,
           CAST(COALESCE(SUM(counted.streaming_logs), 0) AS bigint)            AS streaming_logs,
           CAST(COALESCE(SUM(counted.watch_time_logs), 0) AS bigint)           AS watch_time_logs,
           CAST(COALESCE(SUM(counted.watch_time_seconds), 0) AS bigint)        AS watch_time_seconds,
           CAST(COALESCE(SUM(counted.completion_logs), 0) AS bigint)           AS completion_logs,
           CAST(COALESCE(SUM(counted.completion_percentage_sum), 0) AS bigint) AS completion_percentage_sum,
           CAST(COALESCE(SUM(counted.completed), 0) AS bigint)                 AS completed
    FROM {classrooms}
    LEFT JOIN counted ON counted.classroom = classrooms.classroom
    LEFT JOIN active_classrooms ON active_classrooms.classroom = classrooms.classroom
    GROUP BY classrooms.classroom
)
