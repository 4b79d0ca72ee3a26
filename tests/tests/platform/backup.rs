//! A backup that is made beside a running server and put back: the same figures, and `verify` is clean.

use std::path::Path;

use edtech_tests::{Client, Command, Database, Platform, log, on_postgres, on_sqlite};
use serde_json::{Value, json};

on_sqlite!(
    what_a_backup_holds_is_what_a_restore_brings_back,
    what_is_no_backup_is_not_put_back,
    a_restore_after_one_that_was_broken_off_is_of_its_own_backup,
    a_restore_beside_a_server_is_refused,
    a_log_that_was_left_behind_is_not_taken_for_that_of_the_backup,
    a_copy_comes_back_with_the_log_that_lies_beside_it,
    a_database_that_cannot_be_read_is_named,
);
on_postgres!(
    a_dump_holds_what_it_brings_back,
    a_dump_from_before_an_upgrade_leaves_nothing_of_it,
    copies_make_room_for_the_next_one,
    postgres_has_its_own_tools,
);

const DAY: &str = "2026-03-02";

const TAKEN_BACK: &str = "SELECT COUNT(*) FROM token_revocations WHERE subject = 'lms'";

async fn watched(client: &Client, learner: &str) {
    client.enrol(learner, "Data_2025").await;
    let figures = json!({"watch_time_seconds": 30, "completion_percentage": 100});
    client.store(&[log(learner, "2026-03-02T10:00:00Z", figures)]).await;
}

/// Everything that is counted of the day, but for the moment at which it was asked.
async fn figures(client: &Client) -> Value {
    let mut daily = client.daily(DAY).await;
    daily.as_object_mut().expect("an object").remove("generated_at");
    daily
}

fn path(database: &Database, name: &str) -> String {
    database.directory().join(name).to_str().expect("a path in UTF-8").to_owned()
}

async fn what_a_backup_holds_is_what_a_restore_brings_back(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    watched(&client, "ada").await;
    let before = figures(&client).await;

    let file = path(&database, "copy.db");
    let said = Command::api(&database, ["backup", &file]).run().await.expect(0);
    assert!(said.contains("1 logs"), "{said}");
    assert_private(Path::new(&file));
    let refused = Command::api(&database, ["backup", &file]).quietly().run().await;
    assert!(refused.refusal().contains("is there already"), "{refused:?}");

    watched(&client, "bob").await;
    assert_ne!(figures(&client).await, before);
    platform.kill().await;

    let said = Command::api(&database, ["restore", &file]).run().await.expect(0);
    assert!(said.contains("restored 1 logs") && said.contains("edtech.db.before-"), "{said}");
    database.assert_verified().await;
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    assert_eq!(figures(&client).await, before);
    // It is a database like any other.
    watched(&client, "cyd").await;
    database.assert_verified().await;
    platform.stop().await;

    // What was there before is whole, with what was still in its write-ahead log.
    let kept = said.split_whitespace().find(|word| word.contains("edtech.db.before-")).expect("its name");
    let kept = kept.trim_end_matches([';', '.']);
    Command::api(&database, ["restore", kept]).run().await.expect(0);
    let platform = Platform::start(&database).await;
    let totals = figures(&platform.client().await).await["totals"].clone();
    assert_eq!((&totals["students"], &totals["streaming_logs"]), (&json!(2), &json!(2)), "{totals}");
    platform.stop().await;
}

#[cfg(unix)]
fn assert_private(file: &Path) {
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().expect("a file").permissions());
    assert_eq!(mode & 0o077, 0, "others can read it");
}

async fn what_is_no_backup_is_not_put_back(database: Database) {
    let platform = Platform::start(&database).await;
    watched(&platform.client().await, "ada").await;
    platform.stop().await;

    let file = path(&database, "copy.db");
    Command::api(&database, ["backup", &file]).run().await.expect(0);
    let whole = std::fs::read(&file).expect("the copy");
    let mut damaged = whole.clone();
    damaged[4096..8192].fill(0xAB);
    let later = path(&database, "later.db");
    std::fs::write(&later, &whole).expect("a file");
    add_a_later_step(&later).await;
    let broken = [
        ("nothing.db", None, "No such file"),
        ("text.db", Some(b"logs, students, lessons".to_vec()), "no whole backup"),
        ("half.db", Some(whole[..whole.len() / 2].to_vec()), "no whole backup"),
        ("damaged.db", Some(damaged), "no whole backup"),
        ("later.db", None, "later version"),
    ];
    for (name, content, why) in broken {
        let file = path(&database, name);
        if let Some(content) = content {
            std::fs::write(&file, content).expect("a file");
        }
        let refused = Command::api(&database, ["restore", &file]).quietly().run().await;
        assert!(refused.refusal().contains(why), "{name}: {refused:?}");
    }
    database.assert_verified().await;
    assert_eq!(database.number("SELECT COUNT(*) FROM streaming_logs").await, 1, "nothing was replaced");
}

/// The copy of a database in which somebody has watched, and what is counted there.
async fn backed_up(database: &Database, client: &Client) -> (String, Value) {
    watched(client, "ada").await;
    let file = path(database, "copy.db");
    Command::api(database, ["backup", &file]).run().await.expect(0);
    (file, figures(client).await)
}

/// What a restore was killed over is still in the write-ahead log of its unfinished copy.
async fn a_restore_after_one_that_was_broken_off_is_of_its_own_backup(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let (file, before) = backed_up(&database, &client).await;
    Command::api(&database, ["token", "revoke", "--sub", "lms"]).run().await.expect(0);
    platform.stop().await;
    leave_unfinished(&file, &path(&database, "edtech.db.unfinished")).await;

    Command::api(&database, ["restore", &file]).run().await.expect(0);
    database.assert_verified().await;
    assert_eq!(database.number("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'stray'").await, 0);
    assert_eq!(database.number(TAKEN_BACK).await, 1, "they stay taken back");
    let platform = Platform::start(&database).await;
    assert_eq!(figures(&platform.client().await).await, before);
}

/// Leaves what a process leaves that is killed after its first commit: a copy, and beside it what is not yet in it.
async fn leave_unfinished(backup: &str, unfinished: &str) {
    std::fs::copy(backup, unfinished).expect("a copy");
    let copy = sea_orm::Database::connect(format!("sqlite://{unfinished}")).await.expect("the copy");
    let commit = "PRAGMA journal_mode = WAL; CREATE TABLE stray (a); DELETE FROM streaming_logs";
    sea_orm::ConnectionTrait::execute_unprepared(&copy, commit).await.expect("a commit");
    let log = format!("{unfinished}-wal");
    let left = std::fs::read(&log).expect("a write-ahead log");
    // Closing puts it into the file.
    copy.close().await.expect("closed");
    std::fs::write(&log, left).expect("what is left");
}

/// A step that only a later version knows.
async fn add_a_later_step(file: &str) {
    let database = sea_orm::Database::connect(format!("sqlite://{file}")).await.expect("the copy");
    let step = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99991231_000001_later', 0)";
    sea_orm::ConnectionTrait::execute_unprepared(&database, step).await.expect("a row");
    database.close().await.expect("closed");
}

/// Somebody has moved a database away after a crash, and not what SQLite had written beside it.
async fn a_log_that_was_left_behind_is_not_taken_for_that_of_the_backup(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let (file, before) = backed_up(&database, &client).await;
    watched(&client, "bob").await;
    platform.kill().await;
    let place = path(&database, "edtech.db");
    std::fs::rename(&place, path(&database, "crashed.db")).expect("a file");
    assert!(Path::new(&format!("{place}-wal")).metadata().is_ok_and(|log| log.len() > 0));

    Command::api(&database, ["restore", &file]).run().await.expect(0);
    let set_aside = std::fs::read_dir(database.directory()).expect("a directory").flatten();
    let names: Vec<_> = set_aside.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    assert!(names.iter().any(|name| name.contains(".before-") && name.ends_with("-wal")), "{names:?}");
    database.assert_verified().await;
    let platform = Platform::start(&database).await;
    assert_eq!(figures(&platform.client().await).await, before);
}

/// A copy of the files of a server that was killed.
async fn a_copy_comes_back_with_the_log_that_lies_beside_it(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    for learner in ["ada", "bob"] {
        watched(&client, learner).await;
    }
    let before = figures(&client).await;
    platform.kill().await;
    let place = path(&database, "edtech.db");
    for part in ["", "-wal"] {
        let copy = path(&database, &format!("copy.db{part}"));
        std::fs::copy(format!("{place}{part}"), copy).expect("a copy");
        std::fs::remove_file(format!("{place}{part}")).expect("a file that goes");
    }
    std::fs::remove_file(format!("{place}-shm")).expect("a file that goes");

    let said = Command::api(&database, ["restore", &path(&database, "copy.db")]).run().await.expect(0);
    assert!(said.contains("restored 2 logs"), "{said}");
    assert_private(Path::new(&place));
    database.assert_verified().await;
    let platform = Platform::start(&database).await;
    assert_eq!(figures(&platform.client().await).await, before);
}

async fn a_database_that_cannot_be_read_is_named(database: Database) {
    let platform = Platform::start(&database).await;
    watched(&platform.client().await, "ada").await;
    platform.stop().await;
    let (file, place) = (path(&database, "copy.db"), path(&database, "edtech.db"));
    Command::api(&database, ["backup", &file]).run().await.expect(0);
    std::fs::write(&place, "it was a database once. ".repeat(4_096)).expect("a file");
    let refused = Command::api(&database, ["restore", &file]).quietly().run().await;
    let line = refused.refusal();
    assert!(line.contains(&place) && line.contains("is damaged") && line.contains("move it away"), "{line}");
    std::fs::rename(&place, path(&database, "damaged.db")).expect("a file");
    Command::api(&database, ["restore", &file]).run().await.expect(0);
    database.assert_verified().await;
}

async fn a_restore_beside_a_server_is_refused(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    watched(&client, "ada").await;
    let file = path(&database, "copy.db");
    Command::api(&database, ["backup", &file]).run().await.expect(0);
    let refused = Command::api(&database, ["restore", &file]).quietly().run().await;
    assert!(refused.refusal().contains("another edtech-api"), "{refused:?}");
    watched(&client, "bob").await;
    platform.stop().await;
}

/// The pair of scripts that a cluster runs: k8s/components/backup.
async fn a_dump_holds_what_it_brings_back(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    watched(&client, "ada").await;
    let before = figures(&client).await;
    let other = Database::postgres().await;
    let copies = path(&other, "copies");
    std::fs::create_dir(&copies).expect("a directory");
    // An older one than may be kept.
    std::fs::write(format!("{copies}/edtech-2020-01-01T000000Z.dump"), "old").expect("a file");
    Command::backup_script("backup.sh", &database, &[&copies, "1"]).run().await.expect(0);
    let kept: Vec<_> = std::fs::read_dir(&copies).expect("the copies").collect();
    assert_eq!(kept.len(), 1, "{kept:?}");

    watched(&client, "bob").await;
    Command::api(&database, ["token", "revoke", "--sub", "lms"]).run().await.expect(0);
    let refused = Command::backup_script("restore.sh", &database, &[&copies]).run().await;
    assert!(refused.refusal().contains("a server still runs"), "{refused:?}");
    platform.stop().await;
    for target in [&database, &other] {
        target.left_alone().await;
        Command::backup_script("restore.sh", target, &[&copies]).run().await.expect(0);
        target.assert_verified().await;
        if target.url() == database.url() {
            assert_eq!(target.number(TAKEN_BACK).await, 1, "they stay taken back");
        }
        let platform = Platform::start(target).await;
        let client = platform.client().await;
        assert_eq!(figures(&client).await, before);
        watched(&client, "cyd").await;
        target.assert_verified().await;
        platform.stop().await;
    }
}

/// What the next version will have made depends on what there was, and is in the way of making it again.
async fn a_dump_from_before_an_upgrade_leaves_nothing_of_it(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    watched(&client, "ada").await;
    let before = figures(&client).await;
    platform.stop().await;
    let copies = path(&database, "copies");
    std::fs::create_dir(&copies).expect("a directory");
    Command::backup_script("backup.sh", &database, &[&copies, "1"]).run().await.expect(0);

    for upgrade in [
        "CREATE TYPE badge AS ENUM ('gold')",
        "CREATE TABLE badges (student_id bigint REFERENCES students (student_id), badge badge)",
        "CREATE VIEW analytics.badges AS SELECT lessons.title, badge FROM lessons CROSS JOIN badges",
        "CREATE FUNCTION give_badge() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER give_badge AFTER INSERT ON students FOR EACH ROW EXECUTE FUNCTION give_badge()",
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99991231_000001_badges', 0)",
    ] {
        database.execute(upgrade).await;
    }
    let older = Command::api(&database, ["migrate"]).quietly().run().await;
    assert!(older.refusal().contains("a newer version has been here"), "{older:?}");

    database.left_alone().await;
    Command::backup_script("restore.sh", &database, &[&copies]).run().await.expect(0);
    for left in [
        "SELECT COUNT(*) FROM pg_class WHERE relname = 'badges'",
        "SELECT COUNT(*) FROM pg_proc WHERE proname = 'give_badge'",
        "SELECT COUNT(*) FROM pg_type WHERE typname = 'badge'",
    ] {
        assert_eq!(database.number(left).await, 0, "{left}");
    }
    let platform = Platform::start(&database).await;
    assert_eq!(figures(&platform.client().await).await, before);
    database.assert_verified().await;
    platform.stop().await;
}

/// On a volume that is too small for as many as shall be kept: the oldest go, and the newest one never does.
async fn copies_make_room_for_the_next_one(database: Database) {
    Platform::start(&database).await.stop().await;
    let copies = path(&database, "copies");
    std::fs::create_dir(&copies).expect("a directory");
    let old =
        ["2020-01-01", "2020-01-02", "2020-01-03"].map(|day| format!("{copies}/edtech-{day}T000000Z.dump"));
    for file in &old {
        // Longer than any disk, and of no block: the next one could not be as long.
        std::fs::File::create(file).and_then(|file| file.set_len(1 << 42)).expect("a file");
    }
    let said = Command::backup_script("backup.sh", &database, &[&copies, "14"]).run().await;
    assert!(said.stderr.contains("2020-01-01T000000Z.dump is removed before its time"), "{said:?}");
    said.expect(0);
    let mut kept: Vec<_> =
        std::fs::read_dir(&copies).expect("the copies").map(|it| it.expect("a copy").path()).collect();
    kept.sort();
    assert_eq!((kept.len(), kept[0].to_str()), (2, Some(old[2].as_str())), "{kept:?}");
}

async fn postgres_has_its_own_tools(database: Database) {
    for command in ["backup", "restore"] {
        let refused = Command::api(&database, [command, "anything"]).quietly().run().await;
        assert!(refused.refusal().contains("pg_dump"), "{refused:?}");
    }
}
