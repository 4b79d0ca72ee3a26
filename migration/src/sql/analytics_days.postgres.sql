-- Days on which something happened: where a learner was erased or has moved, sums of nothing stay, which are no day.
CREATE OR REPLACE VIEW analytics.daily_classrooms AS
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
GROUP BY day, classroom
HAVING SUM(streaming_logs) > 0 OR SUM(completed) > 0;

CREATE OR REPLACE VIEW analytics.daily_totals AS
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
GROUP BY day
HAVING SUM(streaming_logs) > 0 OR SUM(completed) > 0;

CREATE OR REPLACE VIEW analytics.daily_lessons AS
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
GROUP BY counted.day, counted.lesson_id, lessons.title, lessons.subject
HAVING SUM(streaming_logs) > 0 OR SUM(completed) > 0;

-- A report is stale as soon as it would say something else than it does, as the API tells it: of its day, of the week before or of
-- what arrived. It is read without taking its texts apart, which may hold what only a text can.
CREATE OR REPLACE VIEW analytics.daily_reports AS
WITH counted AS (
    SELECT day, SUM(revision) AS revision FROM public.counted_day_revisions GROUP BY day
),
arrived AS (
    SELECT day, SUM(accepted) AS accepted, SUM(duplicate) AS duplicate, SUM(rejected) AS rejected, SUM(late) AS late
    FROM public.counted_intake_days
    GROUP BY day
)
SELECT report.day, report.generated_at, report.revision,
       report.revision IS DISTINCT FROM COALESCE(counted.revision, 0)
       OR CAST(made.facts -> 'time_zone' AS text) IS DISTINCT FROM CAST(to_json(settings.time_zone) AS text)
       OR CAST(CAST(made.facts -> 'week_revision' AS text) AS bigint) IS DISTINCT FROM (
           SELECT COALESCE(SUM(week.revision), 0)
           FROM counted AS week
           WHERE week.day BETWEEN report.day - 7 AND report.day - 1
       )
       OR CAST(CAST(made.intake -> 'accepted' AS text) AS bigint) IS DISTINCT FROM COALESCE(arrived.accepted, 0)
       OR CAST(CAST(made.intake -> 'duplicates' AS text) AS bigint) IS DISTINCT FROM COALESCE(arrived.duplicate, 0)
       OR CAST(CAST(made.intake -> 'rejected' AS text) AS bigint) IS DISTINCT FROM COALESCE(arrived.rejected, 0)
       OR CAST(CAST(made.intake -> 'late' AS text) AS bigint) IS DISTINCT FROM COALESCE(arrived.late, 0) AS stale
FROM public.daily_reports AS report
CROSS JOIN LATERAL (
    SELECT CAST(report.report AS json) AS facts, CAST(report.report AS json) -> 'intake' AS intake
) AS made
CROSS JOIN public.settings
LEFT JOIN counted ON counted.day = report.day
LEFT JOIN arrived ON arrived.day = report.day;
