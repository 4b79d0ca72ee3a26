//! Fault 8: hundreds of live readers that stop reading, and thousands that come back at once.

use std::time::{Duration, Instant};

use edtech_tests::{Client, Platform, Process, Watcher, log};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use uuid::Uuid;

use crate::ground::{Ground, Kind, enrol_learners, learner};
use crate::plan::Plan;
use crate::report::Outcome;
use crate::sockets::{Reader, Socket, opened};

/// Those who read on.
const READERS: usize = 10;

/// How far they may be behind what is stored. What is not optimised takes some times as long to write thousands of
/// snapshots, and the readers to read them, on the same cores.
const LAG: Duration = Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 });

/// So many classrooms, with names so long, make each snapshot some dozens of kilobytes: what nobody reads piles up.
const CLASSROOMS: usize = 150;

/// Rounds of logs between two classrooms.
const A_CLASSROOM_EACH: u32 = 8;

/// What a socket may cost the server beside two snapshots (one that is being sent, one that waits), and the kernel.
const SOCKET_KB: f64 = 64.0;
const KERNEL_KB: f64 = 512.0;

/// How long readers who stopped are watched, and again where some are still there: they are cut within.
const WATCHED: Duration = Duration::from_secs(20);

/// How soon everybody who came back has seen the day.
const BACK: Duration = Duration::from_secs(20);

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let ground = Ground::new(kind).await;
    let platform = ground.start().await;
    let process = Process(platform.process());
    let client = platform.client().await;
    enrol_learners(&client).await;
    make_classrooms(&client).await;
    let readers: Vec<Reader> = join_all((0..READERS).map(|_| Reader::start(&client))).await;
    let mut watch = Watch { client: client.clone(), readers, stored: 0, classrooms: CLASSROOMS };
    watch.lag_for(Duration::from_secs(3)).await;

    let snapshot = snapshot_kb(&client).await;
    let (before, kernel_before) = (process.resident_mb(), kernel_kb());
    let idlers = plan.either(200, 500);
    let idle: Vec<Watcher> = join_all((0..idlers).map(|_| Watcher::idle(&client))).await;
    let largest = largest_while(process);
    let mut lag_beside_idlers = watch.lag_for(WATCHED).await;
    let begun = Instant::now();
    let mut left = sockets(&platform).await;
    while left > READERS as u64 && begun.elapsed() < WATCHED {
        lag_beside_idlers = lag_beside_idlers.max(watch.lag_for(Duration::from_secs(2)).await);
        left = sockets(&platform).await;
    }
    let (largest, kernel_largest) = largest.stop().await;
    drop(idle);

    let many = plan.either(500, 2_000);
    let crowd = open_all(&client, many).await.0;
    let lagging = tokio::spawn(async move {
        let lag = watch.lag_for(Duration::from_secs(8)).await;
        (watch, lag)
    });
    sleep(Duration::from_secs(1)).await;
    drop(crowd);
    let begun = Instant::now();
    let (crowd, slowest) = open_all(&client, many).await;
    let all_back = begun.elapsed();
    let (watch, lag_beside_crowd) = lagging.await.expect("readers that read on");
    drop((watch, crowd));
    platform.stop().await;
    ground.database.assert_verified().await;
    let each = |of_all: f64| of_all / idlers as f64;
    Outcome::of(idlers + many)
        .figure("readers that stopped", idlers)
        .within("lag of the others", lag_beside_idlers, LAG)
        .figure("a snapshot", format!("{snapshot:.0} KB"))
        .at_most(
            "memory of a socket that nobody reads",
            each((largest - before) * 1e3),
            2.0 * snapshot + SOCKET_KB,
            "KB",
        )
        .at_most("of the kernel, both ends", each(kernel_largest - kernel_before), KERNEL_KB, "KB")
        .exactly("sockets left of these", left, READERS as u64)
        .figure("readers that came back at once", many)
        .figure("slowest snapshot", format!("{:.2} s", slowest.as_secs_f64()))
        .within("all of them back", all_back, BACK)
        .within("lag of the others meanwhile", lag_beside_crowd, LAG)
}

async fn sockets(platform: &Platform) -> u64 {
    platform.anonymous().get("/healthz").await.expect(200)["live_sockets"].as_u64().expect("a number")
}

async fn make_classrooms(client: &Client) {
    let rows: String = (0..CLASSROOMS).map(|number| format!("{}\n", classroom(number))).collect();
    client.post_csv("/classrooms", &format!("classroom\n{rows}")).await.expect(200);
}

fn classroom(number: usize) -> String {
    format!("class {number} {}", "x".repeat(80))
}

/// Those who read on, and what is stored so that they have something to see.
struct Watch {
    client: Client,
    readers: Vec<Reader>,
    stored: u64,
    classrooms: usize,
}

impl Watch {
    /// Stores logs for so long, and now and then makes a classroom, with which everybody gets a snapshot. The longest that
    /// any reader needed to see them once they were acknowledged.
    async fn lag_for(&mut self, duration: Duration) -> Duration {
        let (begun, mut longest) = (Instant::now(), Duration::ZERO);
        for round in 0.. {
            if begun.elapsed() >= duration {
                break;
            }
            if round % A_CLASSROOM_EACH == 0 {
                let another = json!({"classroom": classroom(self.classrooms)});
                self.client.post_json("/classrooms", &another).await.expect(201);
                self.classrooms += 1;
            }
            let now = chrono::Utc::now().to_rfc3339();
            let one = |number: usize| log(&learner(number), &now, json!({"log_id": Uuid::new_v4()}));
            self.client.store(&(0..10).map(one).collect::<Vec<Value>>()).await;
            self.stored += 10;
            let lags = join_all(self.readers.iter().map(|reader| reader.lag(self.stored))).await;
            longest = longest.max(lags.into_iter().max().unwrap_or_default());
            sleep(Duration::from_millis(100)).await;
        }
        longest
    }
}

/// Opens all of them at once; returns the longest that one waited for its snapshot.
async fn open_all(client: &Client, count: u64) -> (Vec<Socket>, Duration) {
    let opening: Vec<_> = (0..count)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { opened(&client).await })
        })
        .collect();
    let opened = join_all(opening).await.into_iter().map(|one| one.expect("a socket"));
    let (sockets, waits): (Vec<_>, Vec<_>) = opened.unzip();
    (sockets, waits.into_iter().max().unwrap_or_default())
}

/// How large a snapshot is.
async fn snapshot_kb(client: &Client) -> f64 {
    Watcher::connect(client).await.today.to_string().len() as f64 / 1e3
}

/// What the kernel holds for all connections of the machine.
fn kernel_kb() -> f64 {
    let text = std::fs::read_to_string("/proc/net/sockstat").expect("what the kernel tells of sockets");
    let of_tcp = text.lines().find_map(|line| line.strip_prefix("TCP:")).expect("TCP");
    let pages = of_tcp.split_whitespace().skip_while(|word| *word != "mem").nth(1).expect("pages");
    pages.parse::<f64>().expect("a number") * 4.096
}

/// The largest that a process and the kernel's part become.
struct Largest {
    stop: oneshot::Sender<()>,
    looking: JoinHandle<(f64, f64)>,
}

fn largest_while(process: Process) -> Largest {
    let (stop, mut stopped) = oneshot::channel();
    let looking = tokio::spawn(async move {
        let mut largest: (f64, f64) = (0.0, 0.0);
        loop {
            largest = (largest.0.max(process.resident_mb()), largest.1.max(kernel_kb()));
            tokio::select! {
                _ = &mut stopped => return largest,
                () = sleep(Duration::from_millis(200)) => {}
            }
        }
    });
    Largest { stop, looking }
}

impl Largest {
    async fn stop(self) -> (f64, f64) {
        drop(self.stop);
        self.looking.await.expect("the largest")
    }
}
