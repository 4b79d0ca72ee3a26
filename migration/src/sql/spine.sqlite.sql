-- Times are text of one width, `YYYY-MM-DDTHH:MM:SS.ffffffZ`, so that their order as text is their order in time.

CREATE TABLE classrooms (
    classroom  TEXT PRIMARY KEY,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE students (
    student_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    external_id TEXT NOT NULL UNIQUE,
    name        TEXT,
    classroom   TEXT NOT NULL REFERENCES classrooms (classroom),
    created_at  TEXT NOT NULL
) STRICT;
-- Figures of a classroom begin with its learners.
CREATE INDEX students_classroom ON students (classroom);

CREATE TABLE lessons (
    lesson_id        INTEGER PRIMARY KEY AUTOINCREMENT,
    external_id      TEXT NOT NULL UNIQUE,
    title            TEXT NOT NULL,
    subject          TEXT,
    duration_seconds INTEGER CHECK (duration_seconds >= 0),
    created_at       TEXT NOT NULL
) STRICT;

-- No foreign keys from here on: who stores logs and who changes the roster meet at a gate, once for the whole
-- batch, which keeps the same promise at a fraction of the cost. See docs/adr/0002-no-orphans-without-foreign-keys.md.
CREATE TABLE streaming_logs (
    log_id                BLOB NOT NULL CHECK (length(log_id) = 16),
    student_id            INTEGER NOT NULL,
    lesson_id             INTEGER NOT NULL,
    event_type            TEXT NOT NULL CHECK (length(event_type) BETWEEN 1 AND 32 AND event_type NOT GLOB '*[^a-z_]*'),
    watch_time_seconds    INTEGER CHECK (watch_time_seconds >= 0),
    completion_percentage INTEGER CHECK (completion_percentage BETWEEN 0 AND 100),
    event_timestamp       TEXT NOT NULL CHECK (length(event_timestamp) = 27),
    received_at           TEXT NOT NULL CHECK (length(received_at) = 27),
    PRIMARY KEY (student_id, log_id)
) STRICT;
CREATE INDEX streaming_logs_event_timestamp ON streaming_logs (event_timestamp);
CREATE INDEX streaming_logs_received_at ON streaming_logs (received_at);

CREATE TABLE viewing_days (
    student_id                INTEGER NOT NULL,
    day                       TEXT NOT NULL,
    lesson_id                 INTEGER NOT NULL,
    streaming_logs            INTEGER NOT NULL,
    watch_time_logs           INTEGER NOT NULL,
    watch_time_seconds        INTEGER NOT NULL,
    completion_logs           INTEGER NOT NULL,
    completion_percentage_sum INTEGER NOT NULL,
    PRIMARY KEY (student_id, day, lesson_id)
) STRICT;
CREATE INDEX viewing_days_day ON viewing_days (day);
CREATE INDEX viewing_days_lesson ON viewing_days (lesson_id);

CREATE TABLE completions (
    student_id   INTEGER NOT NULL,
    lesson_id    INTEGER NOT NULL,
    completed_at TEXT NOT NULL,
    day          TEXT NOT NULL,
    PRIMARY KEY (student_id, lesson_id)
) STRICT;
CREATE INDEX completions_day ON completions (day);
CREATE INDEX completions_lesson ON completions (lesson_id);

CREATE TABLE log_minutes (
    minute         TEXT PRIMARY KEY,
    streaming_logs INTEGER NOT NULL
) STRICT;

CREATE TABLE intake_days (
    day       TEXT PRIMARY KEY,
    accepted  INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    rejected  INTEGER NOT NULL,
    late      INTEGER NOT NULL
) STRICT;

CREATE TABLE day_revisions (
    day      TEXT PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE rejected_logs (
    client       TEXT NOT NULL,
    payload_hash BLOB NOT NULL CHECK (length(payload_hash) = 32),
    code         TEXT NOT NULL,
    reason       TEXT NOT NULL,
    pointer      TEXT,
    learner_ref  TEXT,
    payload      BLOB NOT NULL,
    truncated    INTEGER NOT NULL CHECK (truncated IN (0, 1)),
    times        INTEGER NOT NULL,
    first_seen   TEXT NOT NULL,
    last_seen    TEXT NOT NULL,
    PRIMARY KEY (client, payload_hash)
) STRICT;
CREATE INDEX rejected_logs_last_seen ON rejected_logs (last_seen DESC, client, payload_hash);
CREATE INDEX rejected_logs_learner_ref ON rejected_logs (learner_ref);

CREATE TABLE settings (
    id                   INTEGER PRIMARY KEY CHECK (id = 1),
    time_zone            TEXT NOT NULL,
    completion_threshold INTEGER NOT NULL,
    closed_before        TEXT
) STRICT;

CREATE TABLE api_clients (
    client_id   TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL,
    scopes      TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
) STRICT;
