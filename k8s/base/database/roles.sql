-- The roles of the platform, run by psql as a superuser in the platform's database. Safe to run again: it gives the roles
-- the passwords that the files hold by then, which is how they are rotated.
--
--   edtech    the servers: owns the database, and is no superuser
--   grafana   reads the views of the schema `analytics`, finds them without naming it, and can do nothing else
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

SELECT length(:'edtech_password') < 16 OR length(:'grafana_password') < 16 AS too_short \gset
\if :too_short
    DO $$ BEGIN RAISE 'a password is shorter than 16 characters: nothing is changed'; END $$;
\endif

SELECT format('CREATE ROLE %I', missing.role)
FROM (VALUES ('edtech'), ('grafana')) AS missing (role)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = missing.role) \gexec

ALTER ROLE edtech LOGIN NOSUPERUSER NOCREATEROLE PASSWORD :'edtech_password';
ALTER ROLE grafana LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB CONNECTION LIMIT 20 PASSWORD :'grafana_password';

ALTER DATABASE :"DBNAME" OWNER TO edtech;
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO grafana;

-- Views that come with later versions are readable without a further step.
CREATE SCHEMA IF NOT EXISTS analytics AUTHORIZATION edtech;
GRANT USAGE ON SCHEMA analytics TO grafana;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO grafana;
ALTER DEFAULT PRIVILEGES FOR ROLE edtech IN SCHEMA analytics GRANT SELECT ON TABLES TO grafana;
REVOKE USAGE ON SCHEMA public FROM PUBLIC;

ALTER ROLE grafana IN DATABASE :"DBNAME" SET search_path = analytics;
ALTER ROLE grafana IN DATABASE :"DBNAME" SET default_transaction_read_only = on;
ALTER ROLE grafana IN DATABASE :"DBNAME" SET statement_timeout = '15s';
-- Plans that look expensive are compiled for longer than they run.
ALTER ROLE grafana IN DATABASE :"DBNAME" SET jit = off;
COMMIT;
