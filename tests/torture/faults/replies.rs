//! 3. The answer is lost after the commit; and clients that go away in the middle of a request, thousands of them.

use std::time::{Duration, Instant};

use edtech_tests::{Client, Platform, Process, eventually};
use futures_util::StreamExt;
use futures_util::stream;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::ground::{Ground, Kind, enrol_learners};
use crate::ledger::{Key, Ledger};
use crate::load::{Load, Shape, drawn_log};
use crate::plan::Plan;
use crate::proxy::{Mode, Proxy};
use crate::report::Outcome;

/// How many clients go away at a time.
const AT_A_TIME: usize = 200;

/// Every how-many-th answer of the database is cut: to open a connection takes some, and one that cannot be opened can do
/// nothing that gets lost.
const A_CONNECTION: u64 = 25;

/// Longer than it may take to cut so many replies.
const PATIENCE: Duration = Duration::from_secs(300);

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let mut draws = plan.draws("replies");
    let ground = Ground::new(kind).await;
    let ledger = Ledger::default();
    let (platform, to_database) = started(&ground).await;
    let client = platform.client().await;
    enrol_learners(&client).await;

    let wanted = (plan.either(200, 2_000), 3);
    let to_server = Proxy::to_url(platform.url()).await;
    let beyond = client.at(&to_server.url(client.url()));
    let cut = cut_replies(&beyond, &client, &to_server, &ledger, wanted, &mut draws).await;
    let mut outcome = Outcome::of(cut).figure("answers cut after the commit", cut);
    if let Some(wire) = &to_database {
        let wanted = (plan.either(50, 500), A_CONNECTION);
        let cut = cut_replies(&client, &client, wire, &ledger, wanted, &mut draws).await;
        outcome.tries += cut;
        outcome = outcome.figure("the database's answers cut", cut);
    }

    let clients = plan.either(2_000, 10_000);
    outcome.tries += clients;
    let outcome = resets(&ground, &platform, &client, &ledger, clients, &mut draws, outcome).await;
    platform.stop().await;
    ledger.judge(&ground.database, outcome).await
}

/// A server; on PostgreSQL over a wire of its own.
async fn started(ground: &Ground) -> (Platform, Option<Proxy>) {
    match ground.kind() {
        Kind::Sqlite => (ground.start().await, None),
        Kind::Postgres => {
            let wire = Proxy::to_url(ground.database.url()).await;
            let url = wire.url(ground.database.url());
            (ground.start().env("DATABASE_URL", &url).await, Some(wire))
        }
    }
}

/// Posts while every so-many-th reply on a wire is cut, until enough were; then all is sent again by the way that works.
async fn cut_replies(
    posting: &Client,
    again: &Client,
    wire: &Proxy,
    ledger: &Ledger,
    (wanted, each): (u64, u64),
    draws: &mut StdRng,
) -> u64 {
    let before = wire.cuts();
    let shape = Shape { pause: Duration::from_millis(5), ..Shape::MIXED };
    let mut load = Load::start(posting, ledger, shape, draws);
    wire.set(Mode::CutEach(each));
    let enough = async || (wire.cuts() - before >= wanted).then_some(());
    eventually("enough cut replies", PATIENCE, enough).await;
    wire.set(Mode::Pass);
    load.settle(again).await;
    wire.cuts() - before
}

async fn resets(
    ground: &Ground,
    platform: &Platform,
    client: &Client,
    ledger: &Ledger,
    clients: u64,
    draws: &mut StdRng,
    outcome: Outcome,
) -> Outcome {
    let process = Process(platform.process());
    let before = process.open_files();
    let leavers = (0..clients).map(|_| Leaver::drawn(client, ledger, draws));
    let leavers: Vec<_> = leavers.collect();
    let sent: Vec<(Key, Value)> = leavers.iter().filter_map(|leaver| leaver.whole.clone()).collect();
    let begun = Instant::now();
    stream::iter(leavers.into_iter().map(Leaver::leave))
        .buffer_unordered(AT_A_TIME)
        .for_each(async |()| {})
        .await;
    let took = begun.elapsed();
    // What was under way is done, or given up.
    let calm = async || (process.open_files() <= before + 32).then_some(());
    eventually("the connections are gone", Duration::from_secs(30), calm).await;
    let left = ground.left_in_transaction().await;

    // Whoever is in doubt sends again.
    let again = stream::iter(sent).map(|(key, log)| async move {
        let answer = client.post_json("/streaming-logs", &log).await;
        assert!([200, 201].contains(&answer.status), "{} {}", answer.status, answer.body);
        ledger.acknowledged(&[key]);
    });
    again.buffer_unordered(32).for_each(async |()| {}).await;
    outcome
        .figure("clients that reset in mid-request", format!("{clients} in {:.0} s", took.as_secs_f64()))
        .exactly("left in a transaction", left, 0)
}

/// Someone who goes away in the middle of a request.
struct Leaver {
    address: String,
    /// As much as is sent.
    bytes: Vec<u8>,
    /// Between that and the reset.
    pause: Duration,
    /// The log, where all of it is sent.
    whole: Option<(Key, Value)>,
}

impl Leaver {
    /// In the head, in the body, or right after the end.
    fn drawn(client: &Client, ledger: &Ledger, draws: &mut StdRng) -> Self {
        let mut draws = StdRng::seed_from_u64(draws.random());
        let (key, log) = drawn_log(&mut draws);
        let address = client.url().trim_start_matches("http://").to_owned();
        let (body, token) = (log.to_string(), client.token().expect("a token"));
        let head = format!(
            "POST /streaming-logs HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut bytes = format!("{head}{body}").into_bytes();
        let whole = match draws.random_range(0..4) {
            0 => {
                bytes.truncate(draws.random_range(0..head.len()));
                None
            }
            1 => {
                bytes.truncate(draws.random_range(head.len()..bytes.len()));
                None
            }
            _ => {
                ledger.sent(std::slice::from_ref(&key));
                Some((key, log))
            }
        };
        Self { address, bytes, pause: Duration::from_micros(draws.random_range(0..20_000)), whole }
    }

    async fn leave(self) {
        let mut stream = TcpStream::connect(&self.address).await.expect("a connection");
        stream.set_zero_linger().expect("a socket");
        // The server may have had enough already.
        let _ = stream.write_all(&self.bytes).await;
        sleep(self.pause).await;
    }
}
