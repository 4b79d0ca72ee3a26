//! What the servers' role can do to the audit log on PostgreSQL, where an administrator has made the roles. Part of the story of
//! `grafana.rs`: the roles are the whole server's.

use edtech_tests::{Command, Database};

const ENTRY: &str = "INSERT INTO audit_log (at, actor, actor_kind, action, outcome, times) \
                     VALUES (now() - INTERVAL '400 days', 'cli', 'cli', 'old', 'done', 1)";

/// By the servers' own role, which every other story could not tell from a superuser.
pub async fn the_audit_log_is_added_to_and_nothing_else(database: &Database) {
    // Whoever owns the schema, the database or a role that does may drop what is in it.
    let owned = "SELECT COUNT(*) FROM pg_namespace, pg_database WHERE nspname = 'public' \
                 AND datname = current_database() AND pg_get_userbyid(nspowner) <> 'pg_database_owner' \
                 AND NOT pg_has_role('edtech', nspowner, 'MEMBER') AND NOT pg_has_role('edtech', datdba, 'MEMBER')";
    assert_eq!(database.number(owned).await, 1);
    nobody_becomes_the_owner(database).await;
    let terse = "SELECT COUNT(*) FROM pg_settings WHERE name = 'log_error_verbosity' AND setting = 'terse'";
    assert_eq!(database.number(terse).await, 1, "PostgreSQL logs the values that break a rule");
    assert_eq!(database.execute(ENTRY).await, 1);
    // What it does not own it cannot give itself.
    let _ = database.try_execute("GRANT UPDATE, DELETE, TRUNCATE ON audit_log TO edtech").await;
    let _ = database.try_execute("GRANT edtech_audit TO edtech").await;
    every_other_way_is_refused(database).await;
    // Age is the one way out.
    let said = Command::api(database, ["retention", "--class", "audit"]).run().await.expect(0);
    assert!(said.starts_with("removed 1 audit entries"), "{said}");
    // What it has made it can change: the next migration.
    for statement in ["CREATE TABLE later (id bigint)", "ALTER TABLE later ADD x text", "DROP TABLE later"] {
        database.execute(statement).await;
    }
    // Once more, as when passwords are rotated.
    database.run_roles().await.expect(0);
    database.execute("SELECT public.hand_over_audit_log()").await;
    every_other_way_is_refused(database).await;
}

async fn nobody_becomes_the_owner(database: &Database) {
    let members = "SELECT COUNT(*) FROM pg_auth_members WHERE roleid = CAST('edtech_audit' AS regrole)";
    assert_eq!(database.number(members).await, 0);
}

async fn every_other_way_is_refused(database: &Database) {
    let (_, name) = database.url().rsplit_once('/').expect("a name");
    let (drop, take) = (format!("DROP DATABASE {name}"), format!("ALTER DATABASE {name} OWNER TO edtech"));
    for statement in [
        drop.as_str(),
        take.as_str(),
        "UPDATE audit_log SET actor = 'nobody'",
        "INSERT INTO audit_log OVERRIDING SYSTEM VALUE SELECT * FROM audit_log ON CONFLICT (id) DO UPDATE SET actor = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "ALTER TABLE audit_log RENAME TO hidden",
        "ALTER TABLE audit_log SET SCHEMA analytics",
        "ALTER TABLE audit_log OWNER TO edtech",
        "CREATE TRIGGER mine BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only()",
        "DROP TRIGGER audit_log_rows ON audit_log",
        "DROP TABLE audit_log",
        "DROP FUNCTION audit_log_is_append_only() CASCADE",
        "DROP FUNCTION hand_over_audit_log() CASCADE",
        "CREATE OR REPLACE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "CREATE OR REPLACE FUNCTION hand_over_audit_log() RETURNS void LANGUAGE sql AS ''",
        "ALTER FUNCTION forget_audit_log(timestamptz, bigint) SET search_path = public",
        "DROP SCHEMA public CASCADE",
        "ALTER SCHEMA public RENAME TO hidden",
        "DROP OWNED BY edtech_audit",
        "SET ROLE edtech_audit",
        "SET ROLE pg_database_owner",
        "SET SESSION AUTHORIZATION edtech_audit",
        "SET session_replication_role = replica",
    ] {
        let refused = database.try_execute(statement).await.err().unwrap_or_else(|| panic!("{statement}"));
        let refused = refused.to_string();
        assert!(
            refused.contains("permission denied") || refused.contains("must be owner"),
            "{statement}: {refused}"
        );
    }
}

/// By the same role, which cannot replace the log and need not; and into a database that has no log yet.
pub async fn a_backup_is_restored_all_the_same(database: &Database) {
    let copies = database.directory().join("copies");
    std::fs::create_dir(&copies).expect("a directory");
    let copies = copies.to_str().expect("a path in UTF-8");
    Command::backup_script("backup.sh", database, &[copies, "3"]).run().await.expect(0);
    let copied = database.number("SELECT COUNT(*) FROM audit_log").await;
    assert_eq!(database.execute(&ENTRY.replace("'old'", "'since'")).await, 1);
    Command::backup_script("restore.sh", database, &[copies]).run().await.expect(0);
    assert_eq!(database.number("SELECT COUNT(*) FROM audit_log").await, copied + 2, "the restore is told");
    database.assert_verified().await;
    every_other_way_is_refused(database).await;

    let fresh = Database::postgres_beside(database).await;
    Command::backup_script("restore.sh", &fresh, &[copies]).run().await.expect(0);
    assert_eq!(fresh.number("SELECT COUNT(*) FROM audit_log").await, copied);
    fresh.assert_verified().await;
    every_other_way_is_refused(&fresh).await;
    assert_eq!(fresh.execute(ENTRY).await, 1);
    Command::backup_script("restore.sh", &fresh, &[copies]).run().await.expect(0);
    every_other_way_is_refused(&fresh).await;
}

/// Where the log was made before the roles were: by a role that could have prepared it.
pub async fn what_the_migration_made_is_handed_over_and_nothing_else(with_roles: &Database) {
    let database = &Database::postgres_beside(with_roles).await;
    database.administer("DROP FUNCTION public.hand_over_audit_log()").await;
    database.administer("GRANT edtech_audit TO edtech").await;
    Command::api(database, ["migrate"]).run().await.expect(0);
    let mine = "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'";
    database.execute(mine).await;
    let same = "CREATE FUNCTION same(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1'";
    database.execute(same).await;
    for (prepared, undone) in [
        (
            "CREATE TRIGGER mine BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION mine()",
            "DROP TRIGGER mine ON audit_log",
        ),
        (
            "ALTER TABLE audit_log DISABLE TRIGGER audit_log_rows",
            "ALTER TABLE audit_log ENABLE TRIGGER audit_log_rows",
        ),
        (
            "ALTER TABLE audit_log ADD CONSTRAINT mine CHECK (same(actor) <> '')",
            "ALTER TABLE audit_log DROP CONSTRAINT mine",
        ),
        (
            "ALTER TABLE audit_log ALTER actor SET DEFAULT same('x')",
            "ALTER TABLE audit_log ALTER actor DROP DEFAULT",
        ),
        ("CREATE INDEX mine ON audit_log (same(actor))", "DROP INDEX mine"),
        ("CREATE STATISTICS mine ON actor, action FROM audit_log", "DROP STATISTICS mine"),
        ("CREATE RULE mine AS ON INSERT TO audit_log DO ALSO NOTHING", "DROP RULE mine ON audit_log"),
        ("CREATE TABLE mine () INHERITS (audit_log)", "DROP TABLE mine"),
        ("CREATE TABLE mine (id bigint REFERENCES audit_log ON DELETE CASCADE)", "DROP TABLE mine"),
        (
            "ALTER FUNCTION forget_audit_log(timestamptz, bigint) SET search_path = public",
            "ALTER FUNCTION forget_audit_log(timestamptz, bigint) SET search_path = pg_catalog, pg_temp",
        ),
    ] {
        database.execute(prepared).await;
        let refused = database.run_roles().await;
        assert!(
            refused.code != Some(0) && refused.stderr.contains("the migration"),
            "{prepared}: {refused:?}"
        );
        database.execute(undone).await;
    }
    // What was given away is taken back.
    database.execute("GRANT ALL ON audit_log TO PUBLIC").await;
    database.execute("GRANT ALL ON audit_log, audit_log_id_seq TO grafana WITH GRANT OPTION").await;
    database.execute("GRANT UPDATE (actor) ON audit_log TO grafana").await;
    database.run_roles().await.expect(0);
    let given = "SELECT COUNT(*) FROM pg_class, aclexplode(relacl) WHERE relname IN ('audit_log', 'audit_log_id_seq') \
                 AND grantee <> relowner AND grantee <> CAST('edtech' AS regrole)";
    assert_eq!(database.number(given).await, 0);
    nobody_becomes_the_owner(database).await;
    assert_eq!(database.execute(ENTRY).await, 1);
    every_other_way_is_refused(database).await;
}
