-- What the platform measured of itself, and what it measures now.
CREATE TABLE benchmarks (
    id               uuid PRIMARY KEY,
    kind             text NOT NULL,
    -- JSON, as it was asked for and resolved.
    parameters       text NOT NULL,
    status           text NOT NULL CHECK (status IN ('running', 'finished', 'failed', 'cancelled')),
    requested_by     text NOT NULL,
    created_at       timestamptz NOT NULL,
    finished_at      timestamptz,
    -- Renewed by the server that runs it: one that has passed belongs to a server that is gone.
    lease_until      timestamptz NOT NULL,
    cancel_requested boolean NOT NULL DEFAULT false,
    -- JSON: how far it is.
    progress         text,
    error            text,
    verdict          text CHECK (verdict IN ('passed', 'failed')),
    -- JSON: what came out.
    report           text
);
-- One at a time, whatever the number of replicas: two would measure each other.
CREATE UNIQUE INDEX benchmarks_running ON benchmarks (status) WHERE status = 'running';
CREATE INDEX benchmarks_created_at ON benchmarks (created_at, id);
