-- Tokens that were taken back: of each name those that were issued before a moment. Servers read it every few seconds.
CREATE TABLE token_revocations (
    subject TEXT PRIMARY KEY,
    before  TEXT NOT NULL
) STRICT;

-- Whoever changes a client, by whichever way, takes its tokens back: the rights of a token are those it was signed with.
-- SQLite's clock cuts milliseconds off: one more, or tokens of the last one would be older than they are.
CREATE TRIGGER api_clients_changed AFTER UPDATE ON api_clients
WHEN OLD.secret_hash <> NEW.secret_hash OR OLD.scopes <> NEW.scopes
BEGIN
    INSERT INTO token_revocations (subject, before)
    VALUES (OLD.client_id, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '+0.001 seconds'))
    ON CONFLICT (subject) DO UPDATE SET before = max(token_revocations.before, excluded.before);
END;
CREATE TRIGGER api_clients_removed AFTER DELETE ON api_clients
BEGIN
    INSERT INTO token_revocations (subject, before)
    VALUES (OLD.client_id, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '+0.001 seconds'))
    ON CONFLICT (subject) DO UPDATE SET before = max(token_revocations.before, excluded.before);
END;
