-- Who did what. No learner is in it but by our id, and nothing is ever changed in it.
CREATE TABLE audit_log (
    -- In a trigger before an INSERT, -1 is what is not yet known.
    id         INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
    at         TEXT NOT NULL,
    actor      TEXT NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('user', 'client', 'anonymous', 'cli', 'platform')),
    action     TEXT NOT NULL,
    target     TEXT,
    outcome    TEXT NOT NULL,
    -- What is refused again and again within a minute is one entry.
    times      INTEGER NOT NULL CHECK (times > 0),
    address    TEXT,
    request_id TEXT,
    detail     TEXT
) STRICT;
CREATE INDEX audit_log_at ON audit_log (at, id);
CREATE INDEX audit_log_actor ON audit_log (actor, at, id);
CREATE INDEX audit_log_target ON audit_log (target, at, id) WHERE target IS NOT NULL;

-- Entries go by their age alone, and while a row is in here, which is never longer than a transaction. Nothing takes one
-- away that is younger than 30 days.
CREATE TABLE audit_log_forgets (before TEXT NOT NULL) STRICT;
CREATE TRIGGER audit_log_is_never_changed BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- INSERT OR REPLACE takes away what is in its place, and no other trigger sees that.
CREATE TRIGGER audit_log_is_never_replaced BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_log_is_append_only BEFORE DELETE ON audit_log
WHEN OLD.at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days')
     OR NOT EXISTS (SELECT 1 FROM audit_log_forgets WHERE OLD.at < before)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- The tombstones of learners who were erased: hashes with a key that is in no database, so that nobody can try names.
CREATE TABLE erasures (
    receipt_id BLOB PRIMARY KEY CHECK (length(receipt_id) = 16),
    erased_at  TEXT NOT NULL,
    -- Of the external id, of our id, and of our id with the moment of the enrolment, which no two databases have in common
    -- that were not one.
    name_hash  BLOB NOT NULL CHECK (length(name_hash) = 32),
    id_hash    BLOB NOT NULL CHECK (length(id_hash) = 32),
    row_hash   BLOB NOT NULL CHECK (length(row_hash) = 32),
    -- Which key that was.
    key_id     BLOB NOT NULL CHECK (length(key_id) = 8),
    -- JSON: how much of what went.
    erased     TEXT NOT NULL,
    -- The learner may come back.
    lifted_at  TEXT,
    -- 0 where it came from elsewhere, as from the database that a backup has replaced: then the learner may still be here.
    applied    INTEGER NOT NULL
) STRICT;
CREATE INDEX erasures_name_hash ON erasures (name_hash) WHERE lifted_at IS NULL;
CREATE INDEX erasures_id_hash ON erasures (id_hash) WHERE lifted_at IS NULL;
