-- About how many logs arrived within the last hour, and within the last day at most: as they are counted, without going through
-- them.
SELECT (SELECT CAST(COALESCE(SUM(streaming_logs), 0) AS bigint)
        FROM counted_log_minutes
        WHERE minute >= {hour_ago})    AS within_hour,
       (SELECT CAST(COALESCE(SUM(accepted), 0) AS bigint)
        FROM counted_intake_days
        WHERE day >= {day_before})     AS within_day
