ALTER TABLE settings ADD COLUMN roster_generation bigint NOT NULL DEFAULT 0;

-- The expression cost as much as the insertion itself; the parser keeps the rule. Not validated: no scan, no long lock.
ALTER TABLE streaming_logs DROP CONSTRAINT streaming_logs_event_type_check;
ALTER TABLE streaming_logs
    ADD CONSTRAINT streaming_logs_event_type_check CHECK (length(event_type) BETWEEN 1 AND 32) NOT VALID;
