use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::frames::Frame;
use super::*;
use crate::store::temporary::{log_of, on_both_databases};
use crate::store::{Actor, Erasure, Submission, Verdict};

const CALENDAR: Calendar = Calendar { zone: chrono_tz::UTC, threshold: 90 };

#[test]
fn a_rest_leaves_time_to_others_and_keeps_within_a_second() {
    let milliseconds = |read| rest_after(Duration::from_millis(read)).as_millis();
    assert_eq!([10, 45, 125].map(milliseconds), [40, 180, 500]);
    assert_eq!([200, 500].map(milliseconds), [500, 500]);
    assert_eq!([2_000, 9_000].map(milliseconds), [2_000, 3_000]);
}

/// A hub whose reads the test makes.
struct Stepped {
    live: LiveHandle,
    watch: Watch,
    store: Store,
    logs: u128,
}

/// Someone who watches.
struct Watcher {
    subscription: Subscription,
    first: Value,
}

impl Stepped {
    async fn on(store: &Store) -> Self {
        store.agree_on_settings(&CALENDAR).await.unwrap();
        let (live, hub) = Hub::new(store.clone(), CALENDAR, Clock, Arc::new(Notify::new()), 100);
        Self { live, watch: hub.watch, store: store.clone(), logs: 0 }
    }

    async fn enrol(&self, learner: &str, classroom: &str) -> i64 {
        self.store.enrol(learner, classroom, Clock.now()).await
    }

    async fn post(&mut self, learner: &str, lesson: &str) {
        self.logs += 1;
        let item = log_of(learner, lesson, self.logs, Clock.now());
        let submission =
            Submission { client: "school".to_owned(), received_at: Clock.now(), items: vec![item] };
        let verdicts = self.store.record(CALENDAR, Arc::new(vec![submission])).await.unwrap();
        assert!(matches!(verdicts[0][0], Verdict::Stored(_)), "{verdicts:?}");
    }

    /// One read, which answers whoever asked since the last one.
    async fn step(&mut self) {
        while let Ok(subscriber) = self.watch.subscribers.try_recv() {
            self.watch.views.add(subscriber);
        }
        self.watch.views.are_watched();
        self.watch.read().await;
        assert!(!self.watch.is_failing, "today cannot be read");
    }

    async fn watch(&mut self, classes: &Classes) -> Watcher {
        let subscribed = self.live.subscribe(classes.clone()).await.unwrap();
        self.step().await;
        let subscription = subscribed.await.unwrap();
        let first = json_of(&subscription.snapshot);
        Watcher { subscription, first }
    }
}

impl Watcher {
    /// The frames that came since.
    fn frames(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.subscription.frames.try_recv().ok()).map(|frame| json_of(&frame)).collect()
    }
}

fn json_of(frame: &Frame) -> Value {
    serde_json::from_slice(&frame.numbered(0).concat()).unwrap()
}

fn only(classrooms: &[&str]) -> Classes {
    Classes::only(classrooms.iter().map(|&name| name.to_owned()))
}

fn learners_of(frame: &Value) -> Vec<i64> {
    frame["recent"].as_array().unwrap().iter().map(|log| log["student_id"].as_i64().unwrap()).collect()
}

const DOCKER: &str = "introduction-a-docker";
const AIRFLOW: &str = "maitriser-airflow";

on_both_databases!(
    watchers_are_told_of_their_classrooms_alone,
    only_what_happens_in_their_classrooms_is_news,
    a_set_of_all_classrooms_shows_what_the_platform_does,
    those_who_may_see_the_same_share_a_view,
    a_learner_who_moves_or_goes_leaves_the_view_at_the_next_read,
);

/// Ada is in A and has met one lesson, Bob is in B and has met both.
async fn two_classrooms(store: &Store) -> (Stepped, [i64; 2]) {
    let mut hub = Stepped::on(store).await;
    let learners = [hub.enrol("ada", "A").await, hub.enrol("bob", "B").await];
    hub.post("ada", DOCKER).await;
    hub.post("bob", AIRFLOW).await;
    hub.post("bob", DOCKER).await;
    (hub, learners)
}

async fn watchers_are_told_of_their_classrooms_alone(store: &Store) {
    let (mut hub, [ada, _]) = two_classrooms(store).await;
    let everything = hub.watch(&Classes::All).await.first;
    assert_eq!(everything["totals"]["streaming_logs"], 3);
    assert_eq!(everything["rejected_logs"], 0);

    let snapshot = hub.watch(&only(&["A"])).await.first;
    let names: Vec<_> =
        snapshot["classrooms"].as_array().unwrap().iter().map(|it| &it["classroom"]).collect();
    assert_eq!(names, ["A"]);
    assert_eq!(
        (&snapshot["totals"]["students"], &snapshot["totals"]["streaming_logs"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(snapshot["lessons"][0]["watching_students"], 1);
    assert_eq!(snapshot["lessons"].as_array().map(Vec::len), Some(1));
    assert_eq!(snapshot["rates"], json!({"streaming_logs_per_second": 1.0 / 60.0, "active_students": 1}));
    assert_eq!((learners_of(&snapshot), &snapshot["rejected_logs"]), (vec![ada], &Value::Null));
}

async fn only_what_happens_in_their_classrooms_is_news(store: &Store) {
    let (mut hub, [ada, _]) = two_classrooms(store).await;
    let mut of_a = hub.watch(&only(&["A"])).await;
    // What happens elsewhere is no news here; what happens here is.
    hub.post("bob", AIRFLOW).await;
    hub.step().await;
    assert_eq!(of_a.frames(), Vec::<Value>::new());
    hub.post("ada", AIRFLOW).await;
    hub.step().await;
    let frames = of_a.frames();
    assert_eq!((frames.len(), learners_of(&frames[0])), (1, vec![ada]));
    assert_eq!(frames[0]["totals"]["streaming_logs"], 2);
}

async fn a_set_of_all_classrooms_shows_what_the_platform_does(store: &Store) {
    let (mut hub, [ada, bob]) = two_classrooms(store).await;
    let both = hub.watch(&only(&["A", "B"])).await.first;
    let everything = hub.watch(&Classes::All).await.first;
    for part in ["totals", "lessons", "rates", "recent"] {
        assert_eq!(both[part], everything[part], "{part}: there are no others");
    }
    assert_eq!(learners_of(&both), [bob, bob, ada]);
    let nobody = hub.watch(&only(&[])).await.first;
    assert_eq!((nobody["totals"]["students"].as_i64(), learners_of(&nobody)), (Some(0), vec![]));
}

async fn those_who_may_see_the_same_share_a_view(store: &Store) {
    let mut hub = Stepped::on(store).await;
    hub.enrol("ada", "A").await;
    let one = hub.watch(&only(&["A"])).await;
    let mut other = hub.watch(&only(&["A"])).await;
    let elsewhere = hub.watch(&only(&["B"])).await;
    let sets = |hub: &Stepped| hub.watch.views.sets().iter().map(|set| (**set).clone()).collect::<Vec<_>>();
    assert_eq!(sets(&hub), [BTreeSet::from(["A".to_owned()]), BTreeSet::from(["B".to_owned()])]);
    drop((one, elsewhere));
    hub.post("ada", DOCKER).await;
    hub.step().await;
    assert_eq!(sets(&hub), [BTreeSet::from(["A".to_owned()])], "nobody watches B any longer");
    assert_eq!(other.frames().len(), 1);
    drop(other);
    assert!(!hub.watch.views.are_watched());
}

async fn a_learner_who_moves_or_goes_leaves_the_view_at_the_next_read(store: &Store) {
    let mut hub = Stepped::on(store).await;
    let ada = hub.enrol("ada", "A").await;
    hub.post("ada", DOCKER).await;
    let mut of_a = hub.watch(&only(&["A"])).await;
    let mut of_b = hub.watch(&only(&["B"])).await;
    assert_eq!((learners_of(&of_a.first), learners_of(&of_b.first)), (vec![ada], vec![]));

    hub.enrol("ada", "B").await;
    hub.step().await;
    let (gone, come) = (of_a.frames().pop().unwrap(), of_b.frames().pop().unwrap());
    assert_eq!(
        (learners_of(&gone), &gone["lessons"], &gone["totals"]["streaming_logs"]),
        (vec![], &json!([]), &json!(0))
    );
    assert_eq!(gone["type"], "snapshot", "a log that is gone takes a snapshot");
    assert_eq!((learners_of(&come), come["lessons"].as_array().map(Vec::len)), (vec![ada], Some(1)));

    let (receipt_id, by, at) = (Uuid::nil(), Actor::cli(), Clock.now());
    let erasure = Erasure { student_id: ada, receipt_id, by, at };
    assert!(store.erase_student(CALENDAR, erasure).await.unwrap().is_some());
    hub.step().await;
    let gone = of_b.frames().pop().unwrap();
    assert_eq!((learners_of(&gone), &gone["rates"]["active_students"]), (vec![], &json!(0)));
}
