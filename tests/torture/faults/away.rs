//! 2. PostgreSQL is away, silent, slow or locked while clients post and read; SQLite can only be locked.

mod seen;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use edtech_tests::{Client, Platform, eventually};
use rand::RngExt;
use serde_json::Value;
use tokio::time::sleep;

use crate::faults::kills::ready_since;
use crate::ground::{Ground, Kind, enrol_learners};
use crate::ledger::Ledger;
use crate::load::{Load, Shape, drawn_log};
use crate::plan::Plan;
use crate::probes::{Memory, Probes};
use crate::proxy::{Mode, Proxy};
use crate::report::Outcome;
use seen::Seen;

/// A client that nobody can serve is told so within this.
const TOLD: Duration = Duration::from_secs(1);

/// No request takes longer, whatever happens.
const LONGEST: Duration = Duration::from_secs(5);

/// How soon all is well after the fault has ended, by itself.
const RECOVERY: Duration = Duration::from_secs(5);

/// What the server may grow by meanwhile.
const GROWTH_MB: f64 = 64.0;

/// How late answers are that are late.
const LATE: Mode = Mode::Late { requests: Duration::ZERO, replies: Duration::from_millis(500) };

/// What is read meanwhile, and what machines ask.
const READ: [&str; 2] = ["/analytics/daily?date=2026-03-02", "/students?limit=10"];
const PATHS: [&str; 4] = ["/livez", "/readyz", READ[0], READ[1]];

/// Connections that a server may have: two pools, two writers, a pulse, a listener, a notifier, and one of a trial.
const CONNECTIONS: i64 = 2 * 10 + 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// Killed, and started again after a while.
    Away,
    /// Every connection is reset, and every new one.
    Refused,
    /// Nothing comes through any more; then what was held does.
    HalfOpen,
    /// Nothing comes through any more, ever, on the connections that there are.
    BlackHole,
    /// Its processes stand still.
    Frozen,
    /// It answers half a second late.
    Late,
    /// Somebody holds the log's table, or SQLite's one lock.
    Locked,
}

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let mut draws = plan.draws("away");
    let ground = Ground::new(kind).await;
    let proxy = match kind {
        Kind::Postgres => Some(Proxy::to_url(ground.database.url()).await),
        Kind::Sqlite => None,
    };
    let start = ground.start();
    let platform = match &proxy {
        Some(proxy) => start.env("DATABASE_URL", &proxy.url(ground.database.url())).await,
        None => start.await,
    };
    let client = platform.client().await;
    enrol_learners(&client).await;
    let (ledger, shape) = (Ledger::default(), Shape { singles: 16, ..Shape::MIXED });
    let load = Load::start(&client, &ledger, shape, &mut draws);
    let probes = Probes::start(&client, &PATHS);
    let resent = drawn_log(&mut draws);
    ledger.sent(std::slice::from_ref(&resent.0));
    client.post_json("/streaming-logs", &resent.1).await.expect(201);
    let mut scene = Scene {
        ground,
        platform,
        proxy,
        client,
        load,
        probes,
        resent: resent.1,
        recognised: RefCell::default(),
    };
    // Connections are open, and what they ask is prepared.
    sleep(Duration::from_secs(2)).await;
    let memory = Memory::of(scene.platform.process(), Duration::from_millis(100));
    let before = memory.highest().max(edtech_tests::Process(scene.platform.process()).resident_mb());

    use Trouble::{Away, BlackHole, Frozen, HalfOpen, Late, Locked, Refused};
    let troubles: &[Trouble] = match kind {
        Kind::Sqlite => &[Locked],
        Kind::Postgres => &[Away, Refused, HalfOpen, BlackHole, Frozen, Late, Locked],
    };
    let mut outcome = Outcome::of(troubles.len() as u64);
    for &trouble in troubles {
        // Not always at the same point of whatever goes on.
        sleep(Duration::from_millis(draws.random_range(500..1_000))).await;
        outcome = scene.suffer(trouble, &plan, outcome).await;
    }
    let grown = memory.highest() - before;
    outcome = outcome.at_most("memory grew by", grown, GROWTH_MB, "MB");
    scene.end(&ledger, outcome).await
}

struct Scene {
    ground: Ground,
    platform: Platform,
    proxy: Option<Proxy>,
    client: Client,
    load: Load,
    probes: Probes,
    /// A log that is stored.
    resent: Value,
    /// What it was answered when it came again.
    recognised: RefCell<String>,
}

impl Scene {
    async fn suffer(&mut self, trouble: Trouble, plan: &Plan, outcome: Outcome) -> Outcome {
        let (short, long) = if trouble == Trouble::Locked { (6, 20) } else { (3, 30) };
        let (begin, end) = self.happen(trouble, Duration::from_secs(plan.either(short, long))).await;
        let ready = ready_since(&self.client, end).await;
        let stored = self.stored_since(end).await;
        // Whatever was asked meanwhile counts, also what has no answer yet.
        self.load.go_on(end).await;
        self.probes.go_on(end).await;
        let seen = self.seen(trouble, begin, end);
        let told = format!(
            "{}, ready again after {:.2} s, stores after {:.2} s",
            seen.told(),
            ready.as_secs_f64(),
            stored.as_secs_f64()
        );
        let late = |what: &str| format!("{trouble:?}: {what}");
        seen.held_against(outcome.figure(&format!("{trouble:?}:"), told))
            .must(&late("ready again"), ready <= RECOVERY, format!("{ready:?}"))
            .must(&late("stores again"), stored <= RECOVERY, format!("{stored:?}"))
    }

    /// Has it happen for so long; returns when it began and when it was over.
    async fn happen(&self, trouble: Trouble, time: Duration) -> (Instant, Instant) {
        let begin = Instant::now();
        let spoilt = match trouble {
            Trouble::Away => {
                let server = self.ground.server();
                server.kill().await;
                sleep(time).await;
                return (begin, server.start_again().await);
            }
            Trouble::Frozen => {
                let server = self.ground.server();
                server.stop_process();
                sleep(time).await;
                let end = Instant::now();
                server.continue_process();
                return (begin, end);
            }
            Trouble::Locked => {
                let held = self.ground.database.hold_logs().await;
                let begin = Instant::now();
                sleep(time).await;
                held.commit().await.expect("a lock that is given back");
                return (begin, Instant::now());
            }
            Trouble::Refused => Mode::Refuse,
            Trouble::HalfOpen => Mode::HalfOpen,
            Trouble::BlackHole => Mode::BlackHole,
            Trouble::Late => LATE,
        };
        let proxy = self.proxy.as_ref().expect("a wire to PostgreSQL");
        proxy.set(spoilt);
        if trouble == Trouble::Late {
            *self.recognised.borrow_mut() = self.resend().await;
        }
        sleep(time).await;
        proxy.set(Mode::Pass);
        (begin, Instant::now())
    }

    /// To compare what comes again with what is stored takes the most messages there and back: also that is answered in time,
    /// be it by a 503.
    async fn resend(&self) -> String {
        let begun = Instant::now();
        let answer = self.client.post_json("/streaming-logs", &self.resent).await;
        let took = begun.elapsed();
        assert!([200, 503].contains(&answer.status), "sent again: {}", answer.body);
        assert!(took < LONGEST, "it took {took:?} to answer what is sent again");
        format!("a log that is sent again {} after {:.2} s", answer.status, took.as_secs_f64())
    }

    /// How long after this moment the first log is stored that was sent after it.
    async fn stored_since(&self, moment: Instant) -> Duration {
        let stored = async || {
            let answers = self.load.since(moment);
            answers
                .iter()
                .filter(|answered| answered.is_success())
                .map(|answered| answered.at() - moment)
                .min()
        };
        eventually("logs are stored again", Duration::from_secs(60), stored).await
    }

    fn seen(&self, trouble: Trouble, begin: Instant, end: Instant) -> Seen {
        // Also what was on its way when it began.
        let from = begin - Duration::from_millis(500);
        let mut answers = self.load.since(from);
        answers.retain(|answered| answered.sent < end);
        for path in READ {
            let read = self.probes.between(path, from, end);
            assert!(!read.is_empty(), "nobody has asked {path} while {trouble:?}");
            answers.extend(read);
        }
        // It takes a moment to find out.
        let (alive, ready) =
            (self.probes.between("/livez", begin, end), self.probes.between("/readyz", begin + TOLD, end));
        Seen { trouble, begin, answers, alive, ready }
    }

    async fn end(self, ledger: &Ledger, mut outcome: Outcome) -> Outcome {
        let Self { ground, platform, proxy, client, mut load, probes, recognised, .. } = self;
        load.settle(&client).await;
        drop(probes);
        let recognised = recognised.into_inner();
        if !recognised.is_empty() {
            outcome = outcome.figure("Late:", recognised);
        }
        outcome = outcome.exactly("left in a transaction", ground.left_in_transaction().await, 0);
        let connected = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name LIKE 'edtech-api%'";
        if ground.kind() == Kind::Postgres {
            let connections = ground.database.number(connected).await;
            outcome =
                outcome.at_most("connections", connections as f64, CONNECTIONS as f64, "of one replica");
        }
        platform.stop().await;
        drop(proxy);
        if ground.kind() == Kind::Postgres {
            let gone = async || (ground.database.number(connected).await == 0).then_some(());
            eventually("no connection is left", Duration::from_secs(10), gone).await;
        }
        ledger.judge(&ground.database, outcome).await
    }
}
