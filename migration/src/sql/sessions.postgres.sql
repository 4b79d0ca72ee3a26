-- Who is signed in to the dashboard. Of the cookie's value only a hash is kept: whoever reads this table signs in as nobody.
CREATE TABLE sessions (
    cookie_hash  bytea PRIMARY KEY CHECK (length(cookie_hash) = 32),
    client_id    text NOT NULL REFERENCES api_clients (client_id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX sessions_expires_at ON sessions (expires_at);
