//! Before all the others: whoever judges them must be able to find somebody guilty.

use edtech_tests::Client;
use rand::rngs::StdRng;

use crate::ground::{Ground, Kind, enrol_learners};
use crate::ledger::{Kept, Key, Ledger};
use crate::load::drawn_log;
use crate::plan::Plan;
use crate::report::Outcome;

/// Logs that are stored as they should be.
const LOGS: usize = 20;

/// What no platform may do, done to the database behind its back; what it is, and how the ledger must see it.
type Crime = (&'static str, &'static str, fn(&Kept) -> bool);

const CRIMES: [Crime; 3] = [
    ("UPDATE intake_days SET accepted = accepted + 1", "counted twice", |kept| kept.twice > 0),
    (
        "UPDATE viewing_days SET watch_time_seconds = watch_time_seconds + 1",
        "`verify` finds a difference",
        |kept| !kept.differences.is_empty(),
    ),
    (
        "DELETE FROM streaming_logs WHERE (student_id, log_id) IN
            (SELECT student_id, log_id FROM streaming_logs LIMIT 1)",
        "lost",
        |kept| kept.lost == 1,
    ),
];

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let mut draws = plan.draws("judge");
    let ground = Ground::new(kind).await;
    let (platform, ledger) = (ground.start().await, Ledger::default());
    let client = platform.client().await;
    enrol_learners(&client).await;
    for _ in 0..LOGS {
        let key = [stored(&client, &mut draws).await];
        ledger.sent(&key);
        ledger.acknowledged(&key);
    }
    // The innocent are let go. What is appended is folded in by then, so that there is something to damage.
    platform.stop().await;
    let innocent = Kept { acknowledged: LOGS, stored: LOGS, ..Kept::default() };
    let mut outcome = Outcome::of(CRIMES.len() as u64 + 2);
    outcome =
        outcome.exactly("found guilty of nothing", ledger.kept(&ground.database).await == innocent, true);

    for (crime, what, is_seen) in CRIMES {
        ground.database.execute(crime).await;
        outcome = outcome.exactly(what, is_seen(&ledger.kept(&ground.database).await), true);
    }
    let platform = ground.start().await;
    stored(&platform.client().await, &mut draws).await;
    platform.stop().await;
    ledger.refused(&("learner-1".to_owned(), uuid::Uuid::nil()), "422");
    let kept = ledger.kept(&ground.database).await;
    outcome.exactly("sent by nobody", kept.strange, 1).exactly("refused", kept.refused, 1)
}

/// A log that is stored, and told to nobody yet.
async fn stored(client: &Client, draws: &mut StdRng) -> Key {
    let (key, log) = drawn_log(draws);
    client.post_json("/streaming-logs", &log).await.expect(201);
    key
}
