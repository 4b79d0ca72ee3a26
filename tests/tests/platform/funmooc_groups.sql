-- Every figure of expected.json, by group, from the raw log alone; `{group}` is an expression over one log.
WITH grouped AS (
    SELECT {group} AS name, sl.student_id, sl.lesson_id, sl.watch_time_seconds, sl.completion_percentage,
        -- 1 on the log that completes the lesson for its learner.
        CASE WHEN sl.completion_percentage >= 90 AND ROW_NUMBER() OVER (
            PARTITION BY sl.student_id, sl.lesson_id,
                CASE WHEN sl.completion_percentage >= 90 THEN 1 ELSE 0 END
            ORDER BY sl.event_timestamp, sl.log_id
        ) = 1 THEN 1 ELSE 0 END AS completes
    FROM streaming_logs sl
    JOIN students s ON s.student_id = sl.student_id
    JOIN lessons l ON l.lesson_id = sl.lesson_id
),
-- The best that each learner reached in each lesson, within the group.
pairs AS (
    SELECT name, student_id, lesson_id, MAX(completion_percentage) AS best
    FROM grouped GROUP BY name, student_id, lesson_id
),
of_pairs AS (
    SELECT name, COUNT(*) AS student_lesson_pairs, COUNT(best) AS pairs_with_completion,
        CAST(AVG(best) AS DOUBLE PRECISION) AS mean_of_best_completion
    FROM pairs GROUP BY name
)
SELECT grouped.name,
    COUNT(DISTINCT student_id) AS active_students,
    COUNT(*) AS streaming_logs,
    CAST(SUM(completes) AS BIGINT) AS completed,
    COUNT(watch_time_seconds) AS logs_with_watch_time,
    COUNT(completion_percentage) AS logs_with_completion,
    CAST(COALESCE(SUM(watch_time_seconds), 0) AS BIGINT) AS sum_watch_time_seconds,
    CAST(COALESCE(SUM(completion_percentage), 0) AS BIGINT) AS sum_completion_percentage,
    CAST(AVG(watch_time_seconds) AS DOUBLE PRECISION) AS avg_watch_time_seconds,
    CAST(AVG(completion_percentage) AS DOUBLE PRECISION) AS avg_completion_percentage,
    student_lesson_pairs, pairs_with_completion, mean_of_best_completion
FROM grouped JOIN of_pairs ON of_pairs.name = grouped.name
GROUP BY grouped.name, student_lesson_pairs, pairs_with_completion, mean_of_best_completion
