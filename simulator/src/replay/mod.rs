//! `replay`: a recorded roster and a recorded log, posted to a server.

mod batches;
mod lines;
mod recording;
mod roster;
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;

use crate::client::{Client, ClientArgs};
use crate::console;
use recording::Recording;
use tally::Tally;

pub(crate) const EXAMPLES: &str = "\
Examples:
  edtech-simulator replay --students students.csv --lessons lessons.csv logs.ndjson.gz
  edtech-simulator replay logs.ndjson --speed 60      a recorded hour in a minute, in the order of time
  edtech-simulator replay logs.ndjson --json          the tally for programs

A replay that is interrupted can be run again: what is stored already counts as a duplicate.";

/// What is sent without an answer for so long makes a replay give up.
const PATIENCE: Duration = Duration::from_secs(120);

/// The exit code where something was rejected.
const REJECTED: u8 = 1;

/// What to post, and how.
#[derive(Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Logs, one JSON object a line, each with its log_id or its event_timestamp; plain or gzip.
    #[arg(value_name = "LOGS")]
    logs: PathBuf,
    /// Learners to enrol first: CSV with the columns external_id, name, classroom.
    #[arg(long, value_name = "CSV")]
    students: Option<PathBuf>,
    /// Lessons to make known first: CSV with the columns external_id, title, subject, duration_seconds.
    #[arg(long, value_name = "CSV")]
    lessons: Option<PathBuf>,
    /// Logs in one request; fewer where they are more than 4 MiB.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,
    /// Requests at once.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// So many times faster than it was recorded, in the order of event_timestamp; the recording is held in memory for
    /// that. Without it: as fast as the server takes it, in the order of the file.
    #[arg(long, value_parser = speed)]
    speed: Option<f64>,
    /// Print the tally as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Posts everything and prints what became of it.
pub(crate) async fn replay(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.client, Some(PATIENCE))?;
    let mut tally = Tally::default();
    if let Some(file) = &args.lessons {
        tally.lessons = roster::post(&client, "/lessons", file).await?;
    }
    if let Some(file) = &args.students {
        tally.students = roster::post(&client, "/students", file).await?;
    }
    let recording = Recording::open(&args.logs, args.batch, args.speed)
        .with_context(|| format!("{} cannot be replayed", args.logs.display()))?;
    let begun = Instant::now();
    batches::post(&client, recording, args.connections as usize, &mut tally)
        .await
        .with_context(|| format!("{} was not replayed to its end", args.logs.display()))?;
    tally.seconds = begun.elapsed().as_secs_f64();
    console::say(&if args.json { serde_json::to_string(&tally)? } else { tally.to_string() });
    Ok(if tally.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(REJECTED) })
}

/// Slower than a hundredth, and a clock could not hold the end of a replay.
const SLOWEST: f64 = 0.01;

const FASTEST: f64 = 1_000_000.0;

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| (SLOWEST..=FASTEST).contains(speed));
    speed.ok_or_else(|| {
        format!("a speed is {SLOWEST} to {FASTEST}: 1 is as recorded, 60 a recorded minute in a second")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_that_makes_sense() {
        assert_eq!(speed("60"), Ok(60.0));
        assert_eq!(speed("0.5"), Ok(0.5));
        for text in ["", "0", "-1", "nan", "inf", "1e-300", "fast"] {
            assert!(speed(text).is_err(), "{text}");
        }
    }
}
