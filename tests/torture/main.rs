//! `make torture`: the faults that a platform meets in a school without an operations team, and what it promises of them.
//!
//! Each fault runs on real binaries and on databases of its own, with the draws of the seed that is printed first. It tells
//! how often it was tried, how it ended and what was measured; what misses its figure, or panics, has failed. A figure of
//! time alone, missed while the machine stood still, is measured once more, which is told. The last line counts.

mod disk;
mod faults;
mod ground;
mod ledger;
mod load;
mod plan;
mod postgres;
mod probes;
mod proxy;
mod report;
mod sockets;
mod stalls;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use faults::{ALL, Fault};
use futures_util::FutureExt;
use ground::Kind;
use plan::Plan;
use report::Row;

/// Longer than any fault may take: one that hangs has failed.
const PATIENCE: Duration = Duration::from_secs(600);
const LONG_PATIENCE: Duration = Duration::from_secs(4 * 3_600);

/// Whoever has stood still for less was not held up by that.
const STOOD_STILL: Duration = Duration::from_millis(500);

/// How often a fault may be tried on a machine that stands still.
const TRIES: u32 = 3;

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--help" || argument == "-h") {
        println!("{}", plan::usage());
        return ExitCode::SUCCESS;
    }
    let plan = match Plan::of(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(fault) => {
            eprintln!("edtech-torture: {fault}");
            return ExitCode::from(2);
        }
    };
    println!("seed {}", plan.seed);
    stalls::watch();
    let mut rows = Vec::new();
    for fault in ALL.iter().filter(|fault| plan.wants(fault.name)) {
        for &kind in fault.on.iter().filter(|kind| plan.databases.contains(kind)) {
            rows.push(judged(fault, kind, &plan).await);
        }
    }
    println!("\n{}", report::markdown(&rows));
    let failed = rows.iter().filter(|row| !row.has_passed()).count();
    println!("{} passed, {failed} failed", rows.len() - failed);
    // Something that ran nothing has shown nothing.
    if failed == 0 && !rows.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One fault on one database; once more where all that failed is that something took too long, while the machine stood still.
async fn judged(fault: &Fault, kind: Kind, plan: &Plan) -> Row {
    let mut tries = 0;
    loop {
        let before = stalls::so_far();
        let row = torture(fault, kind, plan).await;
        let stood_still = stalls::so_far() - before;
        tries += 1;
        if !row.is_only_late() || stood_still < STOOD_STILL || tries == TRIES {
            return row;
        }
        println!("    this machine stood still for {:.1} s meanwhile: once more", stood_still.as_secs_f64());
    }
}

/// One fault on one database. A panic is its failure.
async fn torture(fault: &Fault, kind: Kind, plan: &Plan) -> Row {
    eprintln!("{} on {kind} …", fault.name);
    let begun = Instant::now();
    let patience = if plan.long { LONG_PATIENCE } else { PATIENCE };
    let running = AssertUnwindSafe((fault.run)(kind, plan.clone())).catch_unwind();
    let result = match tokio::time::timeout(patience, running).await {
        Ok(ended) => ended.map_err(|panic| message(panic.as_ref())),
        Err(_elapsed) => Err(format!("it did not end within {patience:?}")),
    };
    let row = Row { number: fault.number, name: fault.name, kind, result, took: begun.elapsed() };
    println!("{}", row.line(plan.seed));
    row
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}
