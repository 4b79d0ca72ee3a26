//! Whatever happens in whatever order, the figures are those of the raw log, and every answer is the one that a simple
//! model of the promises gives.
//!
//! A case is a list of steps on a database of its own. `EDTECH_TEST_CASES` says how many (48, or 400 where
//! `EDTECH_TEST_LONG` is set); a failure prints its seed, which `EDTECH_TEST_SEED` plays again.

mod model;
mod steps;

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono_tz::Tz;
use edtech_tests::{Client, Database, Platform, assert_figures_are_those_of_the_raw_log};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use tokio::runtime::Runtime;
use uuid::Uuid;

use model::Model;
use steps::{Step, steps};

/// Days of a zone whose clocks change, counted by a server that runs in another one.
const ZONE: Tz = Tz::Europe__Paris;

/// A failing case is made simpler for so many tries: each is a server and a database.
const SIMPLIFICATIONS: u32 = 40;

#[test]
fn figures_are_those_of_the_raw_log_on_sqlite() {
    for_any_steps(|| async { Database::sqlite() });
}

#[test]
fn figures_are_those_of_the_raw_log_on_postgres() {
    for_any_steps(Database::postgres);
}

fn for_any_steps<F: Future<Output = Database>>(new_database: impl Fn() -> F) {
    let seed = std::env::var("EDTECH_TEST_SEED")
        .map_or_else(|_| Uuid::new_v4(), |seed| seed.parse().expect("a seed"));
    let config = Config {
        cases: cases(),
        max_shrink_iters: SIMPLIFICATIONS,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[*seed.as_bytes(), *seed.as_bytes()].concat());
    let runtime = Runtime::new().expect("a runtime");
    let outcome = TestRunner::new_with_rng(config, rng).run(&steps(), |steps| {
        let story = || runtime.block_on(async { tell(new_database().await, &steps).await });
        // The server's last words and the panic's message are printed where it happens.
        catch_unwind(AssertUnwindSafe(story))
            .map_err(|_| proptest::test_runner::TestCaseError::fail("see above"))
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(_, steps)) => {
            panic!("EDTECH_TEST_SEED={seed} fails; simplest steps:\n{steps:#?}")
        }
        Err(TestError::Abort(reason)) => panic!("EDTECH_TEST_SEED={seed}: {reason}"),
    }
}

fn cases() -> u32 {
    let long = std::env::var_os("EDTECH_TEST_LONG").is_some();
    let cases = std::env::var("EDTECH_TEST_CASES");
    cases.map_or(if long { 400 } else { 48 }, |cases| cases.parse().expect("a number of cases"))
}

async fn tell(database: Database, steps: &[Step]) {
    let platform = Platform::start(&database).time_zone(ZONE.name()).await;
    let client = platform.client().await;
    let mut model = Model::default();
    for step in steps {
        take(step, &client, &mut model).await;
    }
    let stored = database.number("SELECT COUNT(*) FROM streaming_logs").await;
    assert_eq!(stored, model.stored_logs() as i64, "stored logs");
    assert_figures_are_those_of_the_raw_log(&database, &client, ZONE).await;
    database.assert_verified().await;
}

/// Takes one step on the platform and in the model; both must say the same of it.
async fn take(step: &Step, client: &Client, model: &mut Model) {
    match step {
        Step::Post { logs, times } => {
            for _ in 0..*times {
                let bodies: Vec<_> = logs.iter().map(steps::PostedLog::json).collect();
                assert_eq!(model.post(logs), model::told(&client.post_logs(&bodies).await), "{step:?}");
            }
        }
        Step::Enrol { learner, .. } if model.keeps_out(*learner) => {
            let body = serde_json::json!({"external_id": steps::LEARNERS[*learner], "classroom": "any"});
            assert_eq!(client.post_json("/students", &body).await.code(422), "erased", "{step:?}");
        }
        Step::Enrol { learner, classroom } => {
            let student_id = client.enrol(steps::LEARNERS[*learner], steps::CLASSROOMS[*classroom]).await;
            model.enrol(*learner, student_id);
        }
        Step::Erase { learner } => {
            if let Some(student_id) = model.erase(*learner) {
                client.erase(student_id).await;
            }
        }
        Step::AddLesson { lesson } => {
            let name = steps::LESSONS[*lesson];
            let body = serde_json::json!({"external_id": name, "title": name});
            let status = client.post_json("/lessons", &body).await.status;
            assert_eq!(status, if model.add_lesson(*lesson) { 201 } else { 200 }, "{step:?}");
        }
        Step::DeleteLesson { lesson } => delete_lesson(*lesson, client, model).await,
        Step::Replay => {
            let replayed =
                client.post_json("/rejected-logs/replay", &serde_json::json!({})).await.expect(200);
            let left = client.rejected_logs().await;
            let left =
                left.iter().map(|log| log["payload"].as_str().expect("a payload").to_owned()).collect();
            assert_eq!(model.replay(&left), replayed, "{step:?}");
        }
    }
}

async fn delete_lesson(lesson: usize, client: &Client, model: &mut Model) {
    let name = steps::LESSONS[lesson];
    let known = client.get("/lessons").await.expect(200)["items"].clone();
    let known = known.as_array().expect("items").iter().find(|known| known["external_id"] == name).cloned();
    let Some(known) = known else {
        assert!(!model.knows_lesson(lesson), "{name} is gone");
        return;
    };
    let status = client.delete(&format!("/lessons/{}", known["lesson_id"])).await.status;
    assert_eq!(status, if model.delete_lesson(lesson) { 204 } else { 409 }, "deletion of {name}");
}
