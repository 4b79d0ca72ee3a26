-- The report of each day, once it is made: all that its representations are made from, and the revision of the day that it tells of.
-- Neither retention nor a rebuild touches it.
CREATE TABLE daily_reports (
    day          TEXT PRIMARY KEY,
    report       TEXT NOT NULL,
    generated_at TEXT NOT NULL,
    revision     INTEGER NOT NULL
) STRICT;
