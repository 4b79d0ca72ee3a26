-- What the platform measured of itself, and what it measures now.
CREATE TABLE benchmarks (
    id               BLOB PRIMARY KEY CHECK (length(id) = 16),
    kind             TEXT NOT NULL,
    -- JSON, as it was asked for and resolved.
    parameters       TEXT NOT NULL,
    status           TEXT NOT NULL CHECK (status IN ('running', 'finished', 'failed', 'cancelled')),
    requested_by     TEXT NOT NULL,
    created_at       TEXT NOT NULL,
    finished_at      TEXT,
    -- Renewed by the server that runs it: one that has passed belongs to a server that is gone.
    lease_until      TEXT NOT NULL,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    -- JSON: how far it is.
    progress         TEXT,
    error            TEXT,
    verdict          TEXT CHECK (verdict IN ('passed', 'failed')),
    -- JSON: what came out.
    report           TEXT
) STRICT;
-- One at a time: two would measure each other.
CREATE UNIQUE INDEX benchmarks_running ON benchmarks (status) WHERE status = 'running';
CREATE INDEX benchmarks_created_at ON benchmarks (created_at, id);
