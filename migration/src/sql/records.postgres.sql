-- Who did what. No learner is in it but by our id, and nothing is ever changed in it.
CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'client', 'anonymous', 'cli', 'platform')),
    action     text NOT NULL,
    target     text,
    outcome    text NOT NULL,
    -- What is refused again and again within a minute is one entry.
    times      bigint NOT NULL CHECK (times > 0),
    address    text,
    request_id text,
    detail     text
);
CREATE INDEX audit_log_at ON audit_log (at, id);
CREATE INDEX audit_log_actor ON audit_log (actor, at, id);
CREATE INDEX audit_log_target ON audit_log (target, at, id) WHERE target IS NOT NULL;

-- Entries go by their age alone, and by one way: forget_audit_log. Nothing takes one away that is younger than 30 days.
CREATE FUNCTION audit_log_is_append_only() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF current_setting('edtech.forgets_audit_log', true) = 'on' AND OLD.at < now() - INTERVAL '30 days' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_log_rows BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_log_whole BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

CREATE FUNCTION forget_audit_log(before timestamptz, at_most bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    forgotten bigint;
BEGIN
    PERFORM set_config('edtech.forgets_audit_log', 'on', true);
    DELETE FROM public.audit_log WHERE id IN (
        SELECT id FROM public.audit_log WHERE at < LEAST(before, now() - INTERVAL '30 days')
        ORDER BY at, id LIMIT at_most
    );
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    PERFORM set_config('edtech.forgets_audit_log', 'off', true);
    RETURN forgotten;
END
$$;
REVOKE ALL ON FUNCTION forget_audit_log(timestamptz, bigint) FROM PUBLIC;

-- Where the administrator has made a role for it (k8s/base/database/roles.sql), that one owns the log from here on, and the
-- servers may read it and add to it. What is handed over there is compared with what is above: they change together.
DO $$
BEGIN
    IF to_regprocedure('public.hand_over_audit_log()') IS NOT NULL THEN
        PERFORM public.hand_over_audit_log();
    END IF;
END
$$;

-- The tombstones of learners who were erased: hashes with a key that is in no database, so that nobody can try names.
CREATE TABLE erasures (
    receipt_id uuid PRIMARY KEY,
    erased_at  timestamptz NOT NULL,
    -- Of the external id, of our id, and of our id with the moment of the enrolment, which no two databases have in common
    -- that were not one.
    name_hash  bytea NOT NULL CHECK (length(name_hash) = 32),
    id_hash    bytea NOT NULL CHECK (length(id_hash) = 32),
    row_hash   bytea NOT NULL CHECK (length(row_hash) = 32),
    -- Which key that was.
    key_id     bytea NOT NULL CHECK (length(key_id) = 8),
    -- JSON: how much of what went.
    erased     text NOT NULL,
    -- The learner may come back.
    lifted_at  timestamptz,
    -- False where it came from elsewhere, as from the database that a backup has replaced: then the learner may still be here.
    applied    boolean NOT NULL
);
CREATE INDEX erasures_name_hash ON erasures (name_hash) WHERE lifted_at IS NULL;
CREATE INDEX erasures_id_hash ON erasures (id_hash) WHERE lifted_at IS NULL;
