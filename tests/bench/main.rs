//! `make bench`: measures the platform beside its database, and keeps the table in `docs/PERFORMANCE.md`.
//!
//! Every part uses the binaries as their users do. A part counts only where each answer was a 2xx, the rows stored are
//! the logs accepted, and `verify` finds no difference afterwards; else the whole ends with that.

mod analytics;
mod grafana;
mod growth;
mod ingestion;
mod live;
mod load;
mod machine;
mod replay;
mod resources;
mod sockets;
mod steady;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use edtech_tests::Database;
use table::Row;

/// The parts of the table, in their order, by the names that the command takes.
const TABLE: [&str; 8] =
    ["postgres", "sqlite", "replay", "rest", "overload", "live", "analytics", "analytics-sqlite"];

/// What takes hours by itself, and has no target: only where it is asked for.
const LONG: [&str; 4] = ["growth", "growth-sqlite", "steady", "steady-sqlite"];

const USAGE: &str = "\
Measures the platform beside its database, on a machine that should have nothing else to do.

Usage: edtech-bench [PART …]

Without a part it measures all of the table and keeps it in docs/PERFORMANCE.md, in about three quarters of an hour; with
parts it measures these and only prints.
";

fn usage() -> String {
    format!(
        "{USAGE}\nParts of the table: {}.\nOnly by name, two hours in all: {}.",
        TABLE.join(", "),
        LONG.join(", ")
    )
}

#[tokio::main]
async fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if wanted.iter().any(|name| name == "--help" || name == "-h") {
        println!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let parts = match chosen(&wanted) {
        Ok(parts) => parts,
        Err(unknown) => {
            eprintln!("edtech-bench: no part is called {unknown}\n\n{}", usage());
            return ExitCode::from(2);
        }
    };
    let mut rows = Vec::new();
    for part in parts {
        let begun = Instant::now();
        eprintln!("{part} …");
        let measured = measure(part).await;
        eprintln!("{part}: {:.0} s\n{}", begun.elapsed().as_secs_f64(), table::markdown(&measured));
        rows.extend(measured);
    }
    let table = table::markdown(&rows);
    println!("{table}");
    if wanted.is_empty() {
        keep(&format!("{}\n\n{table}", description().await));
    }
    let missed = rows.iter().filter(|row| !row.holds()).count();
    println!("{} rows, {missed} below what they must be", rows.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The parts that are wanted, in their order; or the name that is none.
fn chosen(wanted: &[String]) -> Result<Vec<&'static str>, &str> {
    if wanted.is_empty() {
        return Ok(TABLE.to_vec());
    }
    let all = || TABLE.into_iter().chain(LONG);
    match wanted.iter().find(|name| all().all(|part| part != *name)) {
        Some(unknown) => Err(unknown),
        None => Ok(all().filter(|part| wanted.iter().any(|name| name == part)).collect()),
    }
}

async fn measure(part: &str) -> Vec<Row> {
    match part {
        "postgres" => ingestion::on_postgres().await,
        "sqlite" => ingestion::on_sqlite().await,
        "replay" => replay::and_retry().await,
        "rest" => resources::at_rest().await,
        "overload" => resources::under_load().await,
        "live" => live::sockets().await,
        "analytics" => {
            let (database, grafana) = Database::postgres_with_roles().await;
            analytics::on(Database::postgres().await, database, Some(grafana)).await
        }
        "analytics-sqlite" => analytics::on(Database::sqlite(), Database::sqlite(), None).await,
        "growth" => growth::to_fifty_million(Database::postgres().await).await,
        "growth-sqlite" => growth::to_fifty_million(Database::sqlite()).await,
        "steady" => steady::ten_minutes(Database::postgres().await).await,
        _ => steady::ten_minutes(Database::sqlite()).await,
    }
}

async fn description() -> String {
    let database = Database::postgres().await;
    let version = database.rows("SHOW server_version").await;
    let version: String = version[0].try_get_by_index(0).expect("a version");
    machine::description(
        database.directory(),
        &format!("PostgreSQL {version} with its default settings, SQLite with `synchronous=FULL`."),
    )
}

/// Puts the table where readers look for it: between two marks of `docs/PERFORMANCE.md`.
fn keep(measured: &str) {
    const BEGIN: &str = "<!-- measured by make bench -->\n";
    const END: &str = "<!-- end of what was measured -->";
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "docs", "PERFORMANCE.md"].iter().collect();
    let document = std::fs::read_to_string(&path).expect("docs/PERFORMANCE.md");
    let (before, rest) = document.split_once(BEGIN).expect("the mark before the table");
    let (_, after) = rest.split_once(END).expect("the mark after the table");
    std::fs::write(&path, format!("{before}{BEGIN}\n{measured}\n{END}{after}")).expect("docs/PERFORMANCE.md");
}
