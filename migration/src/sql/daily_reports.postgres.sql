-- The report of each day, once it is made: all that its representations are made from, and the revision of the day that it tells of.
-- Neither retention nor a rebuild touches it.
CREATE TABLE daily_reports (
    day          date PRIMARY KEY,
    report       text NOT NULL,
    generated_at timestamptz NOT NULL,
    revision     bigint NOT NULL
);
