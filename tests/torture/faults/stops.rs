//! Fault 6: SIGTERM in the midst of a load, with hundreds of sockets open; and four replicas that are restarted one
//! after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use edtech_tests::{Client, Platform, Watcher};
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::ground::{Ground, Kind, enrol_learners};
use crate::ledger::Ledger;
use crate::load::{Load, Shape, drawn_log};
use crate::plan::Plan;
use crate::report::Outcome;

/// Sockets that are open at a stop; some more never read.
const SOCKETS: usize = 500;
const IDLERS: usize = 5;

/// What a stop may take, as the server promises.
const STOP: Duration = Duration::from_secs(10);

/// A probe that is on its way at the moment of the signal may still be told that all is well; a post may find its connection,
/// which was idle, closed. What was sent before that has arrived.
const ON_ITS_WAY: Duration = Duration::from_millis(100);

/// How long nothing can be stored before the signal: then there are posts that wait for their answers, and none of them has been
/// told to come again yet, as they are some 350 ms after somebody else took the table.
const HELD: Duration = Duration::from_millis(200);

const REPLICAS: usize = 4;

/// Clients that post while replicas are restarted.
const POSTERS: usize = 8;

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let mut draws = plan.draws("stops");
    let ground = Ground::new(kind).await;
    let ledger = Ledger::default();
    let tries = plan.either(1, 5);
    let mut stops = Vec::new();
    for _ in 0..tries {
        stops.push(stop_under_load(&ground, &ledger, &mut draws).await);
    }
    let longest = stops.iter().map(|stop| stop.took).max().unwrap_or_default();
    let seen_off: usize = stops.iter().map(|stop| stop.seen_off).sum();
    let ready: usize = stops.iter().map(|stop| stop.called_ready).sum();
    let in_flight: usize = stops.iter().map(|stop| stop.in_flight).sum();
    let unanswered: usize = stops.iter().map(|stop| stop.unanswered).sum();
    let mut outcome = Outcome::of(tries)
        .exactly("probes that were told 'ready' after the signal", ready, 0)
        .figure("posts in flight at the signal", in_flight)
        .exactly("of these without an answer", unanswered, 0)
        .exactly("sockets closed with 1001", seen_off, SOCKETS * tries as usize)
        .within("longest stop, exit 0", longest, STOP);
    if kind == Kind::Postgres {
        let restarts = plan.either(1, 3);
        let rolled = rolling_restarts(&ground, &ledger, restarts, &mut draws).await;
        outcome.tries += restarts * REPLICAS as u64;
        outcome = outcome
            .figure("requests during rolling restarts", rolled.requests)
            .figure("of these sent twice", rolled.again)
            .exactly("errors after one retry", rolled.errors, 0);
    }
    ledger.judge(&ground.database, outcome).await
}

/// How one stop went.
struct Stop {
    took: Duration,
    seen_off: usize,
    called_ready: usize,
    /// Posts that were on their way at the signal.
    in_flight: usize,
    /// Those of them whose connection ended instead.
    unanswered: usize,
}

async fn stop_under_load(ground: &Ground, ledger: &Ledger, draws: &mut StdRng) -> Stop {
    let platform = ground.start().await;
    let client = platform.client().await;
    enrol_learners(&client).await;
    let mut watchers = Vec::new();
    while watchers.len() < SOCKETS {
        watchers.extend(join_all((0..50).map(|_| Watcher::connect(&client))).await);
    }
    let idlers = join_all((0..IDLERS).map(|_| Watcher::idle(&client))).await;
    let closing: Vec<_> = watchers.into_iter().map(|watcher| tokio::spawn(watcher.closed())).collect();
    let begin = Instant::now();
    let mut load = Load::start(&client, ledger, Shape::MIXED, draws);
    sleep(Duration::from_millis(draws.random_range(1_000..2_500))).await;

    let held = ground.database.hold_logs().await;
    sleep(HELD).await;
    let arrived = Instant::now() - ON_ITS_WAY;
    platform.terminate();
    let told = Instant::now();
    let probing = tokio::spawn(called_ready(client.clone()));
    held.commit().await.expect("a lock that is given back");
    platform.ended().await;
    let took = told.elapsed();
    let codes = join_all(closing).await;
    let seen_off = codes.into_iter().filter(|code| matches!(code, Ok(Some(1001)))).count();
    drop(idlers);
    let called_ready = probing.await.expect("a probe");
    load.go_on(told).await;
    let mut posts = load.since(begin);
    posts.retain(|post| post.sent < arrived && post.at() >= told);
    let unanswered = posts.iter().filter(|post| post.status.is_none()).count();
    load.stop().await;
    // What was not acknowledged goes to the next server.
    let again = ground.start().await;
    load.settle(&again.client().await).await;
    again.stop().await;
    Stop { took, seen_off, called_ready, in_flight: posts.len(), unanswered }
}

/// How many probes on connections of their own find a server ready that was told to stop; until nobody listens.
async fn called_ready(client: Client) -> usize {
    sleep(ON_ITS_WAY).await;
    let mut ready = 0;
    loop {
        let probe = client.request(Method::GET, "/readyz").header("connection", "close");
        match client.try_send(probe.timeout(STOP)).await {
            Ok(answer) if answer.status == 200 => ready += 1,
            Ok(_) => {}
            Err(_) => return ready,
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// What clients met while replicas were restarted.
#[derive(Default)]
struct Rolled {
    requests: AtomicU64,
    again: AtomicU64,
    errors: AtomicU64,
}

struct Totals {
    requests: u64,
    again: u64,
    errors: u64,
}

async fn rolling_restarts(ground: &Ground, ledger: &Ledger, rounds: u64, draws: &mut StdRng) -> Totals {
    let mut replicas = join_all((0..REPLICAS).map(|_| async { ground.start().await })).await;
    let mut clients = Vec::new();
    for replica in &replicas {
        clients.push(replica.client().await);
    }
    let rolled = Arc::new(Rolled::default());
    let (stop, stopped) = watch::channel(false);
    let posters: Vec<JoinHandle<()>> = (0..POSTERS)
        .map(|number| {
            let poster = Poster {
                clients: clients.clone(),
                next: number,
                ledger: ledger.clone(),
                rolled: Arc::clone(&rolled),
                draws: StdRng::seed_from_u64(draws.random()),
            };
            tokio::spawn(poster.run(stopped.clone()))
        })
        .collect();
    for _ in 0..rounds {
        for number in 0..REPLICAS {
            sleep(Duration::from_millis(500)).await;
            let replica = replicas.remove(number);
            let (_, port) = replica.url().rsplit_once(':').expect("a port");
            let port = port.to_owned();
            replica.stop().await;
            replicas.insert(number, ground.start().port(&port).await);
        }
    }
    stop.send_replace(true);
    join_all(posters).await.into_iter().for_each(|poster| poster.expect("a poster that ends well"));
    join_all(replicas.into_iter().map(Platform::stop)).await;
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    Totals { requests: count(&rolled.requests), again: count(&rolled.again), errors: count(&rolled.errors) }
}

/// A client that knows all replicas, asks one after the other, and tries the next where one does not answer: what a load
/// balancer does.
struct Poster {
    clients: Vec<Client>,
    next: usize,
    ledger: Ledger,
    rolled: Arc<Rolled>,
    draws: StdRng,
}

impl Poster {
    async fn run(mut self, stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let (key, log) = drawn_log(&mut self.draws);
            let keys = [key];
            self.ledger.sent(&keys);
            self.rolled.requests.fetch_add(1, Ordering::Relaxed);
            if !self.is_stored(&log).await {
                self.rolled.again.fetch_add(1, Ordering::Relaxed);
                if !self.is_stored(&log).await {
                    self.rolled.errors.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
            }
            self.ledger.acknowledged(&keys);
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn is_stored(&mut self, log: &serde_json::Value) -> bool {
        self.next = (self.next + 1) % self.clients.len();
        let client = &self.clients[self.next];
        let request =
            client.request(Method::POST, "/streaming-logs").timeout(Duration::from_secs(5)).json(log);
        client.try_send(request).await.is_ok_and(|answer| [200, 201].contains(&answer.status))
    }
}
