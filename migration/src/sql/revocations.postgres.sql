-- Tokens that were taken back: of each name those that were issued before a moment. Servers read it every few seconds.
CREATE TABLE token_revocations (
    subject text PRIMARY KEY,
    before  timestamptz NOT NULL
);

-- Whoever changes a client, by whichever way, takes its tokens back: the rights of a token are those it was signed with.
CREATE FUNCTION take_back_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO token_revocations (subject, before) VALUES (OLD.client_id, clock_timestamp())
    ON CONFLICT (subject) DO UPDATE SET before = GREATEST(token_revocations.before, excluded.before);
    RETURN NULL;
END
$$;
CREATE TRIGGER api_clients_changed AFTER UPDATE ON api_clients FOR EACH ROW
    WHEN (OLD.secret_hash <> NEW.secret_hash OR OLD.scopes <> NEW.scopes)
    EXECUTE FUNCTION take_back_tokens();
CREATE TRIGGER api_clients_removed AFTER DELETE ON api_clients FOR EACH ROW EXECUTE FUNCTION take_back_tokens();

-- The names of the keys that servers sign with, and when one was last there: a new key signs once nobody knows the old
-- one alone.
CREATE TABLE token_keys (
    name    text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
