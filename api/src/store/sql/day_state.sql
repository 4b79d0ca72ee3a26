-- How often the figures of a day and of the week before it have changed, and what arrived on the day: where all of this is as it
-- was, a report of the day says what it would say now. One row.
SELECT (SELECT CAST(COALESCE(SUM(revision), 0) AS bigint)
        FROM counted_day_revisions
        WHERE day = {day})                                AS revision,
       (SELECT CAST(COALESCE(SUM(revision), 0) AS bigint)
        FROM counted_day_revisions
        WHERE day BETWEEN {week_before} AND {day_before}) AS week_revision,
       CAST(COALESCE(SUM(accepted), 0) AS bigint)         AS accepted,
       CAST(COALESCE(SUM(duplicate), 0) AS bigint)        AS duplicates,
       CAST(COALESCE(SUM(rejected), 0) AS bigint)         AS rejected,
       CAST(COALESCE(SUM(late), 0) AS bigint)             AS late
FROM counted_intake_days
WHERE day = {day}
