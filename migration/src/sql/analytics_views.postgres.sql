-- What Grafana and analysts read: a schema of views without a learner's name, external id or payload, and with the figures
-- under the names that the API gives them. Who may read it is the administrator's to say (k8s/base/database/roles.sql).
CREATE SCHEMA IF NOT EXISTS analytics;

-- The roster and the log, so that SQL written against the tables runs here as well.
CREATE VIEW analytics.students AS
SELECT student_id, classroom, created_at FROM public.students;

CREATE VIEW analytics.classrooms AS
SELECT classrooms.classroom, COALESCE(enrolled.students, 0) AS students, classrooms.created_at
FROM public.classrooms
LEFT JOIN (SELECT classroom, COUNT(*) AS students FROM public.students GROUP BY classroom) AS enrolled
       ON enrolled.classroom = classrooms.classroom;

CREATE VIEW analytics.lessons AS
SELECT lesson_id, external_id, title, subject, duration_seconds, created_at FROM public.lessons;

CREATE VIEW analytics.streaming_logs AS
SELECT log_id, student_id, lesson_id, event_type, watch_time_seconds, completion_percentage, event_timestamp, received_at
FROM public.streaming_logs;

CREATE VIEW analytics.completions AS
SELECT student_id, lesson_id, completed_at, day FROM public.completions;

-- Figures by day, exact at every moment. An average over several days is the sum of its sums by the sum of its logs.
CREATE VIEW analytics.daily_classrooms AS
SELECT day, classroom,
       CAST(SUM(active_students) AS bigint)           AS active_students,
       CAST(SUM(streaming_logs) AS bigint)            AS streaming_logs,
       CAST(SUM(watch_time_logs) AS bigint)           AS watch_time_logs,
       CAST(SUM(watch_time_seconds) AS bigint)        AS watch_time_seconds,
       CAST(SUM(completion_logs) AS bigint)           AS completion_logs,
       CAST(SUM(completion_percentage_sum) AS bigint) AS completion_percentage_sum,
       CAST(SUM(watch_time_seconds) AS double precision) / NULLIF(SUM(watch_time_logs), 0) AS avg_watch_time_seconds,
       CAST(SUM(completion_percentage_sum) AS double precision) / NULLIF(SUM(completion_logs), 0)
           AS avg_completion_percentage,
       CAST(SUM(completed) AS bigint)                 AS completed
FROM public.counted_classroom_days
WHERE day > DATE '0001-01-01'
GROUP BY day, classroom;

-- Every learner is in one classroom, so that active learners add up over classrooms, though never over days.
CREATE VIEW analytics.daily_totals AS
SELECT day,
       CAST(SUM(active_students) AS bigint)           AS active_students,
       CAST(SUM(streaming_logs) AS bigint)            AS streaming_logs,
       CAST(SUM(watch_time_logs) AS bigint)           AS watch_time_logs,
       CAST(SUM(watch_time_seconds) AS bigint)        AS watch_time_seconds,
       CAST(SUM(completion_logs) AS bigint)           AS completion_logs,
       CAST(SUM(completion_percentage_sum) AS bigint) AS completion_percentage_sum,
       CAST(SUM(watch_time_seconds) AS double precision) / NULLIF(SUM(watch_time_logs), 0) AS avg_watch_time_seconds,
       CAST(SUM(completion_percentage_sum) AS double precision) / NULLIF(SUM(completion_logs), 0)
           AS avg_completion_percentage,
       CAST(SUM(completed) AS bigint)                 AS completed
FROM public.counted_classroom_days
WHERE day > DATE '0001-01-01'
GROUP BY day;

CREATE VIEW analytics.daily_lessons AS
SELECT counted.day, counted.lesson_id, lessons.title, lessons.subject,
       CAST(SUM(active_students) AS bigint)           AS active_students,
       CAST(SUM(streaming_logs) AS bigint)            AS streaming_logs,
       CAST(SUM(watch_time_logs) AS bigint)           AS watch_time_logs,
       CAST(SUM(watch_time_seconds) AS bigint)        AS watch_time_seconds,
       CAST(SUM(completion_logs) AS bigint)           AS completion_logs,
       CAST(SUM(completion_percentage_sum) AS bigint) AS completion_percentage_sum,
       CAST(SUM(watch_time_seconds) AS double precision) / NULLIF(SUM(watch_time_logs), 0) AS avg_watch_time_seconds,
       CAST(SUM(completion_percentage_sum) AS double precision) / NULLIF(SUM(completion_logs), 0)
           AS avg_completion_percentage,
       CAST(SUM(completed) AS bigint)                 AS completed
FROM public.counted_lesson_days AS counted
JOIN public.lessons ON lessons.lesson_id = counted.lesson_id
WHERE counted.day > DATE '0001-01-01'
GROUP BY counted.day, counted.lesson_id, lessons.title, lessons.subject;

-- The same over all time, with every classroom and lesson, also those without a log. The day 0001-01-01 holds who was ever
-- active and no other figure.
CREATE VIEW analytics.all_time_classrooms AS
SELECT classrooms.classroom, classrooms.students,
       CAST(COALESCE(SUM(counted.active_students) FILTER (WHERE counted.day = DATE '0001-01-01'), 0) AS bigint)
           AS active_students,
       CAST(COALESCE(SUM(counted.streaming_logs), 0) AS bigint)            AS streaming_logs,
       CAST(COALESCE(SUM(counted.watch_time_logs), 0) AS bigint)           AS watch_time_logs,
       CAST(COALESCE(SUM(counted.watch_time_seconds), 0) AS bigint)        AS watch_time_seconds,
       CAST(COALESCE(SUM(counted.completion_logs), 0) AS bigint)           AS completion_logs,
       CAST(COALESCE(SUM(counted.completion_percentage_sum), 0) AS bigint) AS completion_percentage_sum,
       CAST(SUM(counted.watch_time_seconds) AS double precision) / NULLIF(SUM(counted.watch_time_logs), 0)
           AS avg_watch_time_seconds,
       CAST(SUM(counted.completion_percentage_sum) AS double precision) / NULLIF(SUM(counted.completion_logs), 0)
           AS avg_completion_percentage,
       CAST(COALESCE(SUM(counted.completed), 0) AS bigint)                 AS completed
FROM analytics.classrooms
LEFT JOIN public.counted_classroom_days AS counted ON counted.classroom = classrooms.classroom
GROUP BY classrooms.classroom, classrooms.students;

CREATE VIEW analytics.all_time_lessons AS
SELECT lessons.lesson_id, lessons.title, lessons.subject,
       CAST(COALESCE(SUM(counted.active_students) FILTER (WHERE counted.day = DATE '0001-01-01'), 0) AS bigint)
           AS active_students,
       CAST(COALESCE(SUM(counted.streaming_logs), 0) AS bigint)            AS streaming_logs,
       CAST(COALESCE(SUM(counted.watch_time_logs), 0) AS bigint)           AS watch_time_logs,
       CAST(COALESCE(SUM(counted.watch_time_seconds), 0) AS bigint)        AS watch_time_seconds,
       CAST(COALESCE(SUM(counted.completion_logs), 0) AS bigint)           AS completion_logs,
       CAST(COALESCE(SUM(counted.completion_percentage_sum), 0) AS bigint) AS completion_percentage_sum,
       CAST(SUM(counted.watch_time_seconds) AS double precision) / NULLIF(SUM(counted.watch_time_logs), 0)
           AS avg_watch_time_seconds,
       CAST(SUM(counted.completion_percentage_sum) AS double precision) / NULLIF(SUM(counted.completion_logs), 0)
           AS avg_completion_percentage,
       CAST(COALESCE(SUM(counted.completed), 0) AS bigint)                 AS completed
FROM public.lessons
LEFT JOIN public.counted_lesson_days AS counted ON counted.lesson_id = lessons.lesson_id
GROUP BY lessons.lesson_id, lessons.title, lessons.subject;

CREATE VIEW analytics.minutes AS
SELECT minute, CAST(SUM(streaming_logs) AS bigint) AS streaming_logs
FROM public.counted_log_minutes
GROUP BY minute;

-- By day of arrival.
CREATE VIEW analytics.daily_intake AS
SELECT day,
       CAST(SUM(accepted) AS bigint)  AS accepted,
       CAST(SUM(duplicate) AS bigint) AS duplicate,
       CAST(SUM(rejected) AS bigint)  AS rejected,
       CAST(SUM(late) AS bigint)      AS late
FROM public.counted_intake_days
GROUP BY day;

-- Neither the payload nor the reason, which may quote what a learner is called.
CREATE VIEW analytics.rejected_logs AS
SELECT client, code, pointer, times, first_seen, last_seen FROM public.rejected_logs;

CREATE VIEW analytics.daily_reports AS
SELECT report.day, report.generated_at, report.revision,
       report.revision IS DISTINCT FROM COALESCE(counted.revision, 0) AS stale
FROM public.daily_reports AS report
LEFT JOIN (SELECT day, SUM(revision) AS revision FROM public.counted_day_revisions GROUP BY day) AS counted
       ON counted.day = report.day;

CREATE VIEW analytics.settings AS
SELECT time_zone, completion_threshold, closed_before FROM public.settings;

-- What others run is told to the owner of these sessions alone: counted here in the owner's name, without any statement's text.
CREATE FUNCTION analytics.sessions() RETURNS TABLE (state text, seconds double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT state, CAST(EXTRACT(EPOCH FROM clock_timestamp() - query_start) AS double precision)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
$$;

-- How the database itself does, in one row. Sums are those since its statistics were last reset.
CREATE VIEW analytics.database AS
SELECT pg_database_size(current_database())               AS database_bytes,
       (SELECT COUNT(*) FROM analytics.sessions())        AS connections,
       CAST(current_setting('max_connections') AS bigint) AS max_connections,
       (SELECT COUNT(*) FROM analytics.sessions() WHERE state = 'active') AS active_queries,
       (SELECT COALESCE(MAX(seconds), 0) FROM analytics.sessions() WHERE state = 'active') AS longest_query_seconds,
       pg_postmaster_start_time()                         AS started_at,
       xact_commit + xact_rollback                        AS transactions,
       active_time / 1000                                 AS active_seconds,
       active_time / NULLIF(xact_commit + xact_rollback, 0) AS mean_transaction_ms,
       CAST(blks_hit AS double precision) / NULLIF(blks_hit + blks_read, 0) AS cache_hit_ratio,
       deadlocks,
       temp_bytes
FROM pg_stat_database
WHERE datname = current_database();

CREATE VIEW analytics.table_sizes AS
SELECT relname                         AS table_name,
       n_live_tup                      AS live_rows,
       pg_table_size(relid)            AS table_bytes,
       pg_indexes_size(relid)          AS index_bytes,
       pg_total_relation_size(relid)   AS total_bytes
FROM pg_stat_user_tables
WHERE schemaname = 'public';
