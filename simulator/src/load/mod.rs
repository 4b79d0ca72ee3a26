//! `load`: many connections that post as fast as the server answers, or at a rate, and what that took.
//!
//! [`plan`] says when each request of a replica is due, following a [`profile`]; the [`lane`]s of a replica take the
//! requests in turn, whoever is free, and post what [`stream`] draws. [`tally`] counts; [`ledger`] and [`expectations`]
//! judge, the former by what is [`read_back`]; [`report`] tells.

mod args;
mod expectations;
mod lane;
mod ledger;
mod live_view;
mod plan;
mod posting;
mod profile;
mod read_back;
mod report;
mod school;
mod stream;
mod tally;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rand::Rng;

use crate::client::Client;
use crate::connection::Target;
use crate::stop::Stop;
use crate::{console, environment};
use live_view::LiveView;
use posting::{Posted, Posting};
use report::Report;
use school::School;

pub(crate) use args::{EXAMPLES, LoadArgs};

/// How long to go on without an answer, before the clock starts and after it has ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// The exit code of a load that was not wholly taken, or that was not as expected.
const NOT_ALL_TAKEN: u8 = 1;

/// Posts a load and prints what became of it.
pub(crate) async fn load(args: LoadArgs) -> anyhow::Result<ExitCode> {
    if args.schema {
        console::say(&serde_json::to_string_pretty(&report::schema())?);
        return Ok(ExitCode::SUCCESS);
    }
    args.check()?;
    let client = Client::new(&args.client, Some(PATIENCE))?;
    let target = Target::of(client.url())?;
    let stop = args.stop.listen()?;
    let seed = args.seed.unwrap_or_else(|| environment::rng().next_u64());
    console::complain(&format!("seed {seed}"));
    let school = tokio::select! {
        school = School::enrol(&client, &args.name, args.learners, args.lessons) => Arc::new(school?),
        () = stop.said() => anyhow::bail!("it was told to stop before the load began"),
    };
    let posting = Posting::start(&args, &client, &target, &school, seed, stop.clone())?;
    let posted = Box::pin(posting.finished(LiveView::unless(args.quiet))).await?;
    let (report, ledger) = told(&args, posted, &client, &school, &stop).await;
    say(&args, &report)?;
    ledger.context("the ledger is not checked")?;
    Ok(if report.is_clean(&args.expectations) { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL_TAKEN) })
}

/// The report, also where the ledger could not be read back: that is told beside it.
async fn told(
    args: &LoadArgs,
    posted: Posted,
    client: &Client,
    school: &School,
    stop: &Stop,
) -> (Report, anyhow::Result<()>) {
    let Posted { tally, began_at, seconds, span, is_interrupted } = posted;
    let acknowledged = tally.with(|tally| tally.acknowledged.take());
    let ledger = match acknowledged {
        Some(acknowledged) => tokio::select! {
            ledger = acknowledged.check(client, school, span, args.quiet) => ledger.map(Some),
            // A load that was interrupted is read back all the same.
            () = stop.said(), if !is_interrupted => {
                Err(anyhow::anyhow!("it was told to stop before all logs were read back"))
            }
        },
        None => Ok(None),
    };
    let mut report = Report {
        connections: args.connections,
        batch: args.batch,
        rate: args.demand().rate,
        interval_seconds: args.interval.map(|interval| interval.as_secs_f64()),
        profile: args.profile,
        began_at,
        interrupted: is_interrupted,
        ledger: ledger.as_ref().ok().copied().flatten(),
        ..tally.with(|tally| Report::of(tally, seconds))
    };
    let verdicts = args.expectations.iter().map(|expectation| expectation.verdict(&report));
    report.expectations = verdicts.collect();
    (report, ledger.map(|_| ()))
}

fn say(args: &LoadArgs, report: &Report) -> anyhow::Result<()> {
    if !args.json {
        console::say(&report.to_string());
        return Ok(());
    }
    console::say(&serde_json::to_string(report)?);
    if !report.expectations.is_empty() {
        console::complain(&expectations::table(&report.expectations));
    }
    Ok(())
}
