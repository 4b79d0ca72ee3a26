-- The roles of the platform, run by psql as a superuser in the platform's database. Safe to run again: it gives the roles
-- the passwords that the files hold by then, which is how they are rotated.
--
--   edtech         the servers: makes tables in the database, owns neither it nor the schema `public`, and is no superuser
--   edtech_audit   owns the audit log, so that the servers can add to it and do nothing else to it; nobody signs in as it,
--                  and nobody is a member of it
--   grafana        reads the views of the schema `analytics`, finds them without naming it, and can do nothing else
--
-- Whoever owns a schema may drop what is in it, and whoever owns a database may drop that: both are the administrator's.
--
-- The audit log goes to its role with the migration that makes it, or with the next run of this where it was made before: by a
-- function that can do this one thing, once.
--
-- EDTECH_PASSWORD_FILE and GRAFANA_PASSWORD_FILE name the files.
\set ON_ERROR_STOP on
\set edtech_password `cat "$EDTECH_PASSWORD_FILE"`
\set grafana_password `cat "$GRAFANA_PASSWORD_FILE"`

BEGIN;
-- Whatever the server logs, it is not passwords.
SET LOCAL log_statement = 'none';
SET LOCAL log_min_duration_statement = -1;
SET LOCAL log_min_error_statement = 'panic';
SET LOCAL client_min_messages = 'warning';
-- Nothing that others have made is called by its bare name.
SET LOCAL search_path = pg_catalog, pg_temp;

SELECT length(:'edtech_password') < 16 OR length(:'grafana_password') < 16 AS too_short \gset
\if :too_short
    DO $$ BEGIN RAISE 'a password is shorter than 16 characters: nothing is changed'; END $$;
\endif

SELECT format('CREATE ROLE %I', missing.role)
FROM (VALUES ('edtech'), ('edtech_audit'), ('grafana')) AS missing (role)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = missing.role) \gexec

ALTER ROLE edtech LOGIN NOSUPERUSER NOCREATEROLE NOINHERIT PASSWORD :'edtech_password';
-- What breaks a rule is told without its values: a key that there is already may be a learner's.
ALTER ROLE edtech SET log_error_verbosity = terse;
ALTER ROLE edtech_audit NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB;
ALTER ROLE grafana LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB CONNECTION LIMIT 20 PASSWORD :'grafana_password';
-- Once there was a member: the servers' role.
SELECT format('REVOKE edtech_audit FROM %I %s CASCADE', pg_get_userbyid(member), 'GRANTED BY ' || quote_ident(rolname))
FROM pg_auth_members LEFT JOIN pg_roles ON pg_roles.oid = grantor
WHERE roleid = CAST('edtech_audit' AS regrole) \gexec

SELECT format('ALTER DATABASE %I OWNER TO %I', current_database(), current_user) \gexec
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE :"DBNAME" TO edtech;
GRANT CONNECT ON DATABASE :"DBNAME" TO grafana;

-- Views that come with later versions are readable without a further step.
CREATE SCHEMA IF NOT EXISTS analytics AUTHORIZATION edtech;
GRANT USAGE ON SCHEMA analytics TO grafana;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO grafana;
ALTER DEFAULT PRIVILEGES FOR ROLE edtech IN SCHEMA analytics GRANT SELECT ON TABLES TO grafana;

SELECT format('ALTER SCHEMA public OWNER TO %I', current_user) \gexec
REVOKE ALL ON SCHEMA public FROM PUBLIC, edtech_audit;
GRANT USAGE, CREATE ON SCHEMA public TO edtech;
GRANT USAGE ON SCHEMA public TO edtech_audit;

-- Runs as the superuser who makes it, when the servers' role asks. What it hands over was made by that role, so it looks first
-- whether that is what the migration makes: a trigger or a function of somebody's own would run with the new owner's rights.
-- Another is made in the place of whatever has the name, which would stay its owner's.
DROP FUNCTION IF EXISTS public.hand_over_audit_log();
CREATE FUNCTION public.hand_over_audit_log() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    log     oid := to_regclass('public.audit_log');
    keeps   oid := to_regprocedure('public.audit_log_is_append_only()');
    forgets oid := to_regprocedure('public.forget_audit_log(timestamptz, bigint)');
    target  record;
BEGIN
    IF log IS NULL OR (SELECT relowner FROM pg_class WHERE oid = log) = CAST('edtech_audit' AS regrole) THEN
        RETURN;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE 'what others have changed meanwhile cannot be seen in this transaction';
    END IF;
    IF keeps IS NULL OR forgets IS NULL OR (SELECT relkind FROM pg_class WHERE oid = log) <> 'r' THEN
        RAISE 'the audit log is not what the migration makes';
    END IF;
    -- Nobody changes any of it from here on, so what is looked at below is what is handed over.
    LOCK TABLE public.audit_log IN ACCESS EXCLUSIVE MODE;
    ALTER TABLE public.audit_log OWNER TO edtech_audit;
    ALTER FUNCTION public.audit_log_is_append_only() OWNER TO edtech_audit;
    ALTER FUNCTION public.forget_audit_log(timestamptz, bigint) OWNER TO edtech_audit;

    IF EXISTS (SELECT FROM pg_class WHERE oid = log
               AND (relkind <> 'r' OR relrowsecurity OR relispartition OR relpersistence <> 'p'))
       OR EXISTS (SELECT FROM pg_inherits WHERE log IN (inhrelid, inhparent))
       OR EXISTS (SELECT FROM pg_rewrite WHERE ev_class = log)
       OR EXISTS (SELECT FROM pg_policy WHERE polrelid = log)
       OR EXISTS (SELECT FROM pg_attrdef WHERE adrelid = log)
       OR EXISTS (SELECT FROM pg_statistic_ext WHERE stxrelid = log)
       OR EXISTS (SELECT FROM pg_constraint WHERE log IN (conrelid, confrelid) AND contype IN ('f', 't', 'x'))
       OR (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), nullif(attidentity, '')), ', '
                             ORDER BY attnum)
           FROM pg_attribute WHERE attrelid = log AND attnum > 0) IS DISTINCT FROM
          'id bigint a, at timestamp with time zone, actor text, actor_kind text, action text, target text, outcome text, '
          'times bigint, address text, request_id text, detail text' THEN
        RAISE 'the table audit_log is not what the migration makes';
    END IF;
    -- What it depends on runs with it and takes it along when it is dropped. What PostgreSQL itself brings is not listed there.
    IF EXISTS (
        WITH parts (classid, objid) AS (
            SELECT CAST('pg_class' AS regclass), log
            UNION ALL SELECT CAST('pg_class' AS regclass), indexrelid FROM pg_index WHERE indrelid = log
            UNION ALL SELECT CAST('pg_constraint' AS regclass), oid FROM pg_constraint WHERE conrelid = log
            UNION ALL SELECT CAST('pg_trigger' AS regclass), oid FROM pg_trigger WHERE tgrelid = log
            UNION ALL SELECT CAST('pg_proc' AS regclass), oid FROM pg_proc WHERE oid IN (keeps, forgets)
        )
        SELECT FROM parts JOIN pg_depend USING (classid, objid)
        WHERE refclassid NOT IN (CAST('pg_class' AS regclass), CAST('pg_constraint' AS regclass),
                                 CAST('pg_namespace' AS regclass), CAST('pg_language' AS regclass))
          AND NOT (refclassid = CAST('pg_proc' AS regclass) AND refobjid = keeps)
    ) THEN
        RAISE 'the audit log depends on what the migration does not make';
    END IF;
    IF (SELECT string_agg(concat_ws(' ', pg_get_triggerdef(oid), tgenabled), '; ' ORDER BY tgname)
        FROM pg_trigger WHERE tgrelid = log) IS DISTINCT FROM
       'CREATE TRIGGER audit_log_rows BEFORE DELETE OR UPDATE ON public.audit_log '
       'FOR EACH ROW EXECUTE FUNCTION public.audit_log_is_append_only() O; '
       'CREATE TRIGGER audit_log_whole BEFORE TRUNCATE ON public.audit_log '
       'FOR EACH STATEMENT EXECUTE FUNCTION public.audit_log_is_append_only() O' THEN
        RAISE 'the triggers of audit_log are not what the migration makes';
    END IF;
    -- The text of a function as it is between its dollars in migration/src/sql/records.postgres.sql.
    IF (SELECT string_agg(concat_ws(' ', proname, md5(prosrc), lanname, prosecdef, proconfig), '; ' ORDER BY proname)
        FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
        WHERE pg_proc.oid IN (keeps, forgets)) IS DISTINCT FROM
       'audit_log_is_append_only 55edcb4a4b528c8080456f0892212007 plpgsql f {"search_path=pg_catalog, pg_temp"}; '
       'forget_audit_log ecdce1b8a67c4789300c43049a422da9 plpgsql t {"search_path=pg_catalog, pg_temp"}' THEN
        RAISE 'the functions of audit_log are not what the migration makes';
    END IF;

    -- Whatever its maker gave to whom.
    FOR target IN
        SELECT DISTINCT given.what, coalesce(quote_ident(rolname), 'PUBLIC') AS whom
        FROM (
            SELECT 'TABLE public.audit_log', relacl FROM pg_class WHERE oid = log
            UNION ALL SELECT 'TABLE public.audit_log', attacl FROM pg_attribute WHERE attrelid = log
            UNION ALL SELECT format('SEQUENCE %s', CAST(objid AS regclass)), relacl
            FROM pg_depend JOIN pg_class ON pg_class.oid = objid
            WHERE classid = CAST('pg_class' AS regclass) AND refclassid = classid AND refobjid = log AND relkind = 'S'
            UNION ALL SELECT format('FUNCTION %s', CAST(oid AS regprocedure)), proacl
            FROM pg_proc WHERE oid IN (keeps, forgets)
        ) AS given (what, acl)
        CROSS JOIN aclexplode(given.acl) AS granted
        LEFT JOIN pg_roles ON pg_roles.oid = granted.grantee
        WHERE granted.grantee <> CAST('edtech_audit' AS regrole)
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', target.what, target.whom);
    END LOOP;
    GRANT SELECT, INSERT ON public.audit_log TO edtech;
    -- For pg_dump.
    GRANT SELECT ON SEQUENCE public.audit_log_id_seq TO edtech;
    GRANT EXECUTE ON FUNCTION public.forget_audit_log(timestamptz, bigint) TO edtech;
END
$$;
REVOKE ALL ON FUNCTION public.hand_over_audit_log() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.hand_over_audit_log() TO edtech;
SELECT public.hand_over_audit_log() \gset

ALTER ROLE grafana IN DATABASE :"DBNAME" SET search_path = analytics;
ALTER ROLE grafana IN DATABASE :"DBNAME" SET default_transaction_read_only = on;
ALTER ROLE grafana IN DATABASE :"DBNAME" SET statement_timeout = '15s';
-- Plans that look expensive are compiled for longer than they run.
ALTER ROLE grafana IN DATABASE :"DBNAME" SET jit = off;
COMMIT;
