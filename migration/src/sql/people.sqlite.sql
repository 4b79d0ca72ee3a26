-- People who sign in, beside the programs of `api_clients`. A name is of one of the two: whoever makes either looks at both.
CREATE TABLE users (
    name          TEXT PRIMARY KEY,
    role          TEXT NOT NULL CHECK (role IN ('educator', 'analyst', 'operator')),
    password_hash TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    updated_at    TEXT NOT NULL
) STRICT;

-- Whose learners an educator sees.
CREATE TABLE user_classrooms (
    name      TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    classroom TEXT NOT NULL REFERENCES classrooms (classroom) ON DELETE CASCADE,
    PRIMARY KEY (name, classroom)
) STRICT;
CREATE INDEX user_classrooms_classroom ON user_classrooms (classroom);

-- A session is a client's or a user's. SQLite takes no constraint from a table that is there: it is made anew.
CREATE TABLE sessions_of_both (
    cookie_hash  BLOB PRIMARY KEY CHECK (length(cookie_hash) = 32),
    client_id    TEXT REFERENCES api_clients (client_id) ON DELETE CASCADE,
    user_name    TEXT REFERENCES users (name) ON DELETE CASCADE,
    created_at   TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    expires_at   TEXT NOT NULL,
    CHECK ((client_id IS NULL) <> (user_name IS NULL))
) STRICT;
INSERT INTO sessions_of_both (cookie_hash, client_id, created_at, last_seen_at, expires_at)
SELECT cookie_hash, client_id, created_at, last_seen_at, expires_at FROM sessions;
DROP TABLE sessions;
ALTER TABLE sessions_of_both RENAME TO sessions;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
