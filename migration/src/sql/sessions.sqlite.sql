-- Who is signed in to the dashboard. Of the cookie's value only a hash is kept: whoever reads this table signs in as nobody.
CREATE TABLE sessions (
    cookie_hash  BLOB PRIMARY KEY CHECK (length(cookie_hash) = 32),
    client_id    TEXT NOT NULL REFERENCES api_clients (client_id) ON DELETE CASCADE,
    created_at   TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    expires_at   TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
