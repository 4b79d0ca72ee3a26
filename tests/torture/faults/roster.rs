//! Fault 12: learners who are enrolled, moved, renamed and erased on one replica while logs of theirs come in on all of
//! them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono_tz::Tz;
use edtech_tests::{AIRFLOW, Client, DOCKER, Platform, assert_figures_are_those_of_the_raw_log, log};
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::ground::{Ground, Kind};
use crate::plan::Plan;
use crate::report::Outcome;

const REPLICAS: usize = 4;

/// Learners whose lives go on side by side.
const LIVES: usize = 6;

/// Clients that post for each of them, all the time.
const POSTERS: usize = 2;

const CLASSROOMS: usize = 4;

const ORPHANS: [&str; 4] = [
    "SELECT COUNT(*) FROM streaming_logs WHERE student_id NOT IN (SELECT student_id FROM students)",
    "SELECT COUNT(*) FROM counted_viewing_days WHERE student_id NOT IN (SELECT student_id FROM students)",
    "SELECT COUNT(*) FROM completions WHERE student_id NOT IN (SELECT student_id FROM students)",
    "SELECT COUNT(*) FROM streaming_logs WHERE lesson_id NOT IN (SELECT lesson_id FROM lessons)",
];

/// What happened to all of them.
#[derive(Default)]
struct Counts {
    changes: AtomicU64,
    erasures: AtomicU64,
    stored: AtomicU64,
    good_refused: AtomicU64,
}

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let mut draws = plan.draws("roster");
    let ground = Ground::new(kind).await;
    let replicas = if kind == Kind::Postgres { REPLICAS } else { 1 };
    let replicas: Vec<Platform> = join_all((0..replicas).map(|_| async { ground.start().await })).await;
    let mut clients = Vec::new();
    for replica in &replicas {
        clients.push(replica.client().await);
    }
    let counts = Arc::new(Counts::default());
    let duration = Duration::from_secs(plan.either(10, 120));
    let lives = (0..LIVES).map(|number| {
        let life = Life {
            name: format!("learner-{number}"),
            place: format!("learner-{number}"),
            clients: clients.clone(),
            counts: Arc::clone(&counts),
            draws: StdRng::seed_from_u64(draws.random()),
        };
        tokio::spawn(life.run(duration))
    });
    let lives: Vec<_> = lives.collect();
    let mut owed: HashSet<Uuid> = HashSet::new();
    for life in join_all(lives).await {
        owed.extend(life.expect("a life that ends well"));
    }

    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    let mut orphans = 0;
    for sql in ORPHANS {
        orphans += ground.database.number(sql).await;
    }
    let stored = ground.database.rows("SELECT log_id FROM streaming_logs").await;
    let stored: HashSet<Uuid> = stored.iter().map(|row| row.try_get_by_index(0).expect("a log_id")).collect();
    let lost = owed.difference(&stored).count();
    // The figures of each classroom are those of the learners who are in it now.
    assert_figures_are_those_of_the_raw_log(&ground.database, &clients[0], Tz::UTC).await;
    ground.database.assert_verified().await;
    join_all(replicas.into_iter().map(Platform::stop)).await;
    Outcome::of(count(&counts.changes))
        .judged("erasures", count(&counts.erasures) > 0, &count(&counts.erasures).to_string(), "some")
        .judged(
            "logs stored meanwhile",
            count(&counts.stored) > 0,
            &count(&counts.stored).to_string(),
            "some",
        )
        .exactly("orphans", orphans, 0)
        .exactly("logs of learners who were there, refused", count(&counts.good_refused), 0)
        .exactly("acknowledged and not erased, lost", lost, 0)
        .figure("classrooms in each figure", "right")
}

/// One learner, again and again: enrolled, moved, renamed, erased.
struct Life {
    name: String,
    /// What all of these learners are called by, one after the other.
    place: String,
    clients: Vec<Client>,
    counts: Arc<Counts>,
    draws: StdRng,
}

impl Life {
    /// Lives for so long; returns the logs that were acknowledged and that no erasure took.
    async fn run(mut self, duration: Duration) -> HashSet<Uuid> {
        let begun = Instant::now();
        let mut owed = HashSet::new();
        while begun.elapsed() < duration {
            let student_id = self.enrol().await;
            let (gone, may_be_gone) = watch::channel(false);
            let posters: Vec<_> = (0..POSTERS)
                .map(|_| {
                    let poster = Poster {
                        name: self.name.clone(),
                        student_id,
                        clients: self.clients.clone(),
                        counts: Arc::clone(&self.counts),
                        draws: StdRng::seed_from_u64(self.draws.random()),
                    };
                    tokio::spawn(poster.run(may_be_gone.clone()))
                })
                .collect();
            for _ in 0..self.draws.random_range(1..6) {
                self.pause().await;
                self.change(student_id).await;
            }
            // From here on a log may come too late.
            gone.send_replace(true);
            let is_erased = self.draws.random_bool(0.5);
            if is_erased {
                self.erase(student_id).await;
            }
            for poster in posters {
                owed.extend(poster.await.expect("a poster that ends well"));
            }
            if is_erased {
                owed.clear();
                // Whoever was erased stays out: it is somebody else who is enrolled next.
                self.name = format!("{} {}", self.place, self.draws.random::<u64>());
            }
        }
        owed
    }

    async fn pause(&mut self) {
        tokio::time::sleep(Duration::from_millis(self.draws.random_range(0..60))).await;
    }

    /// Any of the replicas.
    fn anywhere(&mut self) -> Client {
        self.clients[self.draws.random_range(0..self.clients.len())].clone()
    }

    fn classroom(&mut self) -> String {
        format!("Class {}", self.draws.random_range(0..CLASSROOMS))
    }

    async fn enrol(&mut self) -> i64 {
        let (client, classroom) = (self.anywhere(), self.classroom());
        self.counts.changes.fetch_add(1, Ordering::Relaxed);
        client.enrol(&self.name, &classroom).await
    }

    /// Moves, or gets another name to be called by.
    async fn change(&mut self, student_id: i64) {
        let change = match self.draws.random_bool(0.7) {
            true => json!({"classroom": self.classroom()}),
            false => json!({"name": format!("Name {}", self.draws.random_range(0..1_000))}),
        };
        let client = self.anywhere();
        client.patch_json(&format!("/students/{student_id}"), &change).await.expect(200);
        self.counts.changes.fetch_add(1, Ordering::Relaxed);
    }

    async fn erase(&mut self, student_id: i64) {
        self.anywhere().erase(student_id).await;
        self.counts.changes.fetch_add(1, Ordering::Relaxed);
        self.counts.erasures.fetch_add(1, Ordering::Relaxed);
    }
}

/// Posts for one learner, on any replica, from the moment when the enrolment is acknowledged.
struct Poster {
    name: String,
    student_id: i64,
    clients: Vec<Client>,
    counts: Arc<Counts>,
    draws: StdRng,
}

impl Poster {
    /// Until the learner may be gone; returns what was acknowledged.
    async fn run(mut self, may_be_gone: watch::Receiver<bool>) -> Vec<Uuid> {
        let mut acknowledged = Vec::new();
        let mut last = false;
        while !last {
            // One more after that: it races the erasure.
            last = *may_be_gone.borrow();
            let (ids, logs): (Vec<Uuid>, Vec<Value>) = (0..5).map(|_| self.log()).unzip();
            let client = self.clients[self.draws.random_range(0..self.clients.len())].clone();
            let verdicts = client.post_logs(&logs).await;
            let refused = verdicts.refusals();
            for (_, code) in &refused {
                assert_eq!(*code, "erased");
            }
            if !*may_be_gone.borrow() {
                self.counts.good_refused.fetch_add(refused.len() as u64, Ordering::Relaxed);
            }
            let indices: HashSet<usize> = refused.iter().map(|(index, _)| *index).collect();
            let kept = ids.into_iter().enumerate().filter(|(index, _)| !indices.contains(index));
            acknowledged.extend(kept.map(|(_, id)| id));
            self.counts.stored.fetch_add(verdicts.accepted, Ordering::Relaxed);
        }
        acknowledged
    }

    /// Of the learner by name or by our id, in some days.
    fn log(&mut self) -> (Uuid, Value) {
        let id = Uuid::from_u128(self.draws.random());
        let at = format!(
            "2026-03-{:02}T{:02}:{:02}:00Z",
            self.draws.random_range(1..4),
            self.draws.random_range(0..24),
            self.draws.random_range(0..60)
        );
        let more = json!({
            "log_id": id, "watch_time_seconds": 1, "completion_percentage": self.draws.random_range(0..=100),
            "lesson": if self.draws.random_bool(0.5) { AIRFLOW } else { DOCKER },
        });
        let mut log = log(&self.name, &at, more);
        if self.draws.random_bool(0.3) {
            let fields = log.as_object_mut().expect("an object");
            fields.remove("student");
            fields.insert("student_id".to_owned(), json!(self.student_id));
        }
        (id, log)
    }
}
