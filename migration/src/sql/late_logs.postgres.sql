-- A log that arrives a week late would stretch the one span of its block range over that week, and every question about a
-- day of it would read the range. Sixteen bounds make up to eight spans: the late ones get their own.
CREATE INDEX streaming_logs_event_timestamp_spans ON streaming_logs
    USING brin (event_timestamp timestamptz_minmax_multi_ops (values_per_range = 16))
    WITH (pages_per_range = 32, autosummarize = on);
DROP INDEX streaming_logs_event_timestamp;
ALTER INDEX streaming_logs_event_timestamp_spans RENAME TO streaming_logs_event_timestamp;
