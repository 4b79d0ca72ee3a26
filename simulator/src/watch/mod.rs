//! `watch`: dashboards as browsers open them, and how soon each of them shows what was committed.

mod dashboard;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use hyper::{Method, StatusCode};
use reqwest::header::HeaderMap;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::client::{Client, ClientArgs, Failure};
use crate::connection::{Connection, Route, Target};
use crate::enrolment::{enrol, lessons};
use crate::stop::StopArgs;
use crate::{console, environment};
use dashboard::{Dashboard, Seen};
use report::Report;

pub(crate) const EXAMPLES: &str = "\
Examples:
  edtech-simulator watch                                 how long until a dashboard is there, and until it shows a log
  edtech-simulator watch --dashboards 500 --logs 40 --json

It counts logs by the figures of today: nobody else may post to the server meanwhile.";

/// Dashboards that are opened at a time.
const AT_A_TIME: usize = 100;

/// Between two logs.
const BETWEEN_LOGS: Duration = Duration::from_millis(250);

/// How long the last log may take to be seen; how soon it is, is what is measured.
const LAST_FRAME: Duration = Duration::from_secs(30);

/// How long to go on without an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whose logs are posted: the external id begins with this.
const NAME: &str = "watch";

/// The exit code where not everybody saw everything.
const UNSEEN: u8 = 1;

/// How many watch, and what.
#[derive(Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    stop: StopArgs,
    /// Dashboards, all open at the same time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    dashboards: u32,
    /// Logs that are posted once all dashboards are open, one each 250 ms.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    logs: u32,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Posts logs of one learner.
struct Poster {
    client: Client,
    connection: Connection,
    route: Route,
    student: String,
    lesson: String,
}

#[derive(Serialize)]
struct Log<'a> {
    log_id: uuid::Uuid,
    student: &'a str,
    lesson: &'a str,
    event_type: &'static str,
    watch_time_seconds: u32,
}

/// Watches and prints how soon everything was seen.
pub(crate) async fn watch(args: WatchArgs) -> anyhow::Result<ExitCode> {
    let stop = args.stop.listen()?;
    let report = tokio::select! {
        report = Box::pin(watched(&args)) => report?,
        () = stop.said() => anyhow::bail!("it was told to stop before the last log was seen"),
    };
    if report.others_post() {
        console::complain("some logs were counted long before they were stored: others post to this server");
    }
    console::say(&if args.json { serde_json::to_string(&report)? } else { report.to_string() });
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(UNSEEN) })
}

async fn watched(args: &WatchArgs) -> anyhow::Result<Report> {
    let client = Client::new(&args.client, Some(PATIENCE))?;
    let target = Target::of(client.url())?;
    let mut poster = Poster::enrol(&client, &target).await?;
    let dashboards = open(&client, &target, args.dashboards).await?;
    let mut report = Report::of(&dashboards, args.logs);

    let end = watch::Sender::new(None);
    let mut reading = JoinSet::new();
    for dashboard in dashboards {
        reading.spawn(dashboard.read(args.logs.into(), end.subscribe()));
    }
    let stored = poster.post(args.logs).await?;
    end.send_replace(Some(Instant::now() + LAST_FRAME));
    while let Some(seen) = reading.join_next().await {
        let seen: Seen = seen.context("a dashboard was lost")?;
        report.note(&seen, &stored);
    }
    Ok(report)
}

async fn open(client: &Client, target: &Target, count: u32) -> anyhow::Result<Vec<Dashboard>> {
    let token = client.token().await?;
    let opening = (0..count).map(|_| Dashboard::open(target, &token));
    stream::iter(opening).buffer_unordered(AT_A_TIME).try_collect().await
}

impl Poster {
    async fn enrol(client: &Client, target: &Target) -> anyhow::Result<Self> {
        let student = enrol(client, NAME, 1).await.context("the learner is not enrolled")?;
        let lesson = lessons(client).await.context("the lessons cannot be read")?.into_iter().next();
        let route = Route::new(target, Method::POST, "/streaming-logs")?;
        Ok(Self {
            client: client.clone(),
            connection: Connection::new(target.clone()),
            route: route.with_body_of("application/json"),
            student: student.into_iter().next().context("there is nobody to learn")?,
            lesson: lesson.context("the server knows no lesson: post one to /lessons")?.external_id,
        })
    }

    /// Posts so many logs; returns when each was stored.
    async fn post(&mut self, logs: u32) -> anyhow::Result<Vec<Instant>> {
        let mut ticks = interval(BETWEEN_LOGS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stored = Vec::with_capacity(logs as usize);
        for _ in 0..logs {
            ticks.tick().await;
            stored.push(self.post_one().await.context("a log was not stored")?);
        }
        Ok(stored)
    }

    async fn post_one(&mut self) -> anyhow::Result<Instant> {
        // Without a moment of its own it happens as the server gets it: today, also where clocks differ.
        let log = Log {
            log_id: environment::new_log_id(),
            student: &self.student,
            lesson: &self.lesson,
            event_type: "lesson_progress",
            watch_time_seconds: 1,
        };
        let body = serde_json::to_vec(&log)?;
        let token = self.client.token().await?;
        let (status, answer) = self.connection.send(&self.route, &token, body.into()).await?;
        let now = Instant::now();
        if status != StatusCode::CREATED {
            return Err(Failure::of(status, &HeaderMap::new(), &answer, environment::now()).into());
        }
        Ok(now)
    }
}
