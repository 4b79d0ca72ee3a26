use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::*;
use crate::figures::ClassroomFigures;
use crate::live::frames::Frame;

fn moment(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_638_227_340 + second, 0).unwrap()
}

fn enrolled(figures: [i64; 4]) -> EnrolledFigures {
    let [students, active_students, streaming_logs, completed] = figures;
    let figures = Figures {
        active_students,
        streaming_logs,
        watch_time_seconds: streaming_logs * 60,
        avg_watch_time_seconds: (streaming_logs > 0).then_some(60.0),
        avg_completion_percentage: (completed > 0).then_some(92.5),
        completed,
    };
    EnrolledFigures { students, figures }
}

fn log(second: i64, number: u128) -> RecentLog {
    RecentLog {
        log_id: Uuid::from_u128(number),
        student_id: 7,
        lesson_id: 1,
        event_type: "progress".to_owned(),
        watch_time_seconds: Some(60),
        completion_percentage: None,
        event_timestamp: moment(second),
        received_at: moment(second),
    }
}

/// A state: the totals, the classrooms `A`, `B`, …, and how many logs have arrived, one a second. Nobody watches.
fn today(totals: [i64; 4], classrooms: &[[i64; 4]], arrived: i64) -> Today {
    let named = classrooms.iter().zip('A'..).map(|(&figures, name)| LiveClassroom {
        figures: ClassroomFigures { classroom: name.to_string(), figures: enrolled(figures) },
        watching_students: 0,
    });
    Today {
        date: NaiveDate::from_ymd_opt(2021, 11, 29).unwrap(),
        totals: enrolled(totals),
        classrooms: named.collect(),
        lessons: Vec::new(),
        rejected_logs: Some(0),
        rates: Rates { streaming_logs_per_second: arrived as f64 / 60.0, active_students: arrived.min(3) },
        recent: (1..=arrived).rev().take(ARRIVALS).map(|second| log(second, second as u128)).collect(),
    }
}

/// The same, with so many who watch in each classroom, and the lessons that they watch, by id.
fn watched(mut today: Today, in_classrooms: &[i64], lessons: &[(i64, i64)]) -> Today {
    for (classroom, students) in today.classrooms.iter_mut().zip(in_classrooms) {
        classroom.watching_students = *students;
    }
    let lesson = |&(lesson_id, watching_students): &(i64, i64)| {
        let title = format!("Lesson {lesson_id}");
        WatchedLesson { lesson_id, title, watching_students }
    };
    today.lessons = lessons.iter().map(lesson).collect();
    today
}

fn frame(frame: serde_json::Result<Frame>, seq: u64) -> Value {
    serde_json::from_slice(&frame.unwrap().numbered(seq).concat()).unwrap()
}

#[test]
fn a_snapshot_holds_every_figure() {
    let mut state = watched(today([2, 1, 1, 0], &[[2, 1, 1, 0]], 1), &[1], &[(4, 1)]);
    state.rejected_logs = Some(3);
    let figures = json!({"students": 2, "active_students": 1, "streaming_logs": 1, "watch_time_seconds": 60,
        "avg_watch_time_seconds": 60.0, "avg_completion_percentage": null, "completed": 0});
    let mut classroom = figures.clone();
    classroom["classroom"] = json!("A");
    classroom["watching_students"] = json!(1);
    let expected = json!({
        "type": "snapshot", "seq": 0, "at": "2021-11-29T23:09:05.000000Z", "date": "2021-11-29",
        "totals": figures, "classrooms": [classroom],
        "lessons": [{"lesson_id": 4, "title": "Lesson 4", "watching_students": 1}], "rejected_logs": 3,
        "rates": {"streaming_logs_per_second": 1.0 / 60.0, "active_students": 1},
        "recent": [{"log_id": "00000000-0000-0000-0000-000000000001", "student_id": 7, "lesson_id": 1,
            "event_type": "progress", "watch_time_seconds": 60, "completion_percentage": null,
            "event_timestamp": "2021-11-29T23:09:01.000000Z", "received_at": "2021-11-29T23:09:01.000000Z"}],
    });
    assert_eq!(frame(Frame::snapshot(moment(5), &state), 0), expected);
}

#[test]
fn a_delta_holds_what_changed_and_nothing_else() {
    let before = today([2, 1, 1, 1], &[[1, 1, 1, 1], [1, 0, 0, 0]], 1);
    // The log of classroom A was erased, and one of B arrived.
    let after = Today { totals: enrolled([2, 1, 1, 0]), ..today([0; 4], &[[1, 1, 1, 1], [1, 1, 1, 0]], 2) };
    let delta = Delta::between(&before, &after).unwrap();
    let expected = json!({
        "type": "delta", "seq": 3, "at": "2021-11-29T23:09:05.000000Z",
        "totals": {"avg_completion_percentage": null, "completed": 0},
        "classrooms": [{"classroom": "B", "active_students": 1, "streaming_logs": 1, "watch_time_seconds": 60,
            "avg_watch_time_seconds": 60.0}],
        "rates": {"streaming_logs_per_second": 2.0 / 60.0, "active_students": 2},
        "recent": [serde_json::to_value(log(2, 2)).unwrap()],
    });
    assert_eq!(frame(Frame::delta(moment(5), &delta), 3), expected);
}

#[test]
fn who_watches_what_is_told_when_it_changes() {
    let state = |in_classrooms: &[i64], lessons: &[(i64, i64)]| {
        watched(today([2, 0, 0, 0], &[[1, 0, 0, 0], [1, 0, 0, 0]], 0), in_classrooms, lessons)
    };
    let (before, after) = (state(&[1, 1], &[(4, 2)]), state(&[0, 1], &[(4, 1)]));
    let delta = Delta::between(&before, &after).unwrap();
    let expected = json!({
        "type": "delta", "seq": 1, "at": "2021-11-29T23:09:05.000000Z",
        "classrooms": [{"classroom": "A", "watching_students": 0}],
        "lessons": [{"lesson_id": 4, "title": "Lesson 4", "watching_students": 1}],
    });
    assert_eq!(frame(Frame::delta(moment(5), &delta), 1), expected);

    let over = Today { rejected_logs: Some(1), ..state(&[0, 0], &[]) };
    let delta = Delta::between(&after, &over).unwrap();
    let expected = json!({
        "type": "delta", "seq": 2, "at": "2021-11-29T23:09:05.000000Z",
        "classrooms": [{"classroom": "B", "watching_students": 0}], "lessons": [], "rejected_logs": 1,
    });
    assert_eq!(frame(Frame::delta(moment(5), &delta), 2), expected);
}

#[test]
fn where_nothing_changed_a_delta_is_only_a_sign_of_life() {
    let state = today([2, 1, 1, 1], &[[1, 1, 1, 1]], 1);
    let delta = Delta::between(&state, &state).unwrap();
    assert!(delta.is_empty());
    let expected = json!({"type": "delta", "seq": 9, "at": "2021-11-29T23:09:00.000000Z"});
    assert_eq!(frame(Frame::delta(moment(0), &delta), 9), expected);
}

#[test]
fn midnight_a_new_classroom_and_an_erased_log_need_a_snapshot() {
    let before = today([2, 1, 3, 0], &[[2, 1, 3, 0]], 3);
    let tomorrow = Today { date: before.date.succ_opt().unwrap(), ..before.clone() };
    let another_classroom = today([2, 1, 3, 0], &[[2, 1, 3, 0], [0; 4]], 3);
    let mut erased = before.clone();
    erased.recent.remove(1);
    for after in [tomorrow, another_classroom, erased] {
        assert_eq!(Delta::between(&before, &after), None);
    }
}

#[test]
fn a_log_that_was_committed_late_takes_its_place() {
    let before = today([0; 4], &[], 3);
    let mut after = before.clone();
    after.recent.insert(1, log(2, 99));
    after.recent.sort_by_key(|log| (std::cmp::Reverse(log.received_at), log.student_id, log.log_id));
    let delta = Delta::between(&before, &after).unwrap();
    assert_eq!(delta.recent, [log(2, 99)]);
}

/// What a client does with a delta: no more than the frame itself tells it.
fn follow(state: &mut Map<String, Value>, delta: &Map<String, Value>) {
    for key in ["totals", "rates"] {
        merge(&mut state[key], delta.get(key));
    }
    for key in ["lessons", "rejected_logs"] {
        state.extend(delta.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    let classrooms = state["classrooms"].as_array_mut().unwrap();
    for change in delta.get("classrooms").and_then(Value::as_array).into_iter().flatten() {
        let known = classrooms.iter_mut().find(|known| known["classroom"] == change["classroom"]);
        merge(known.unwrap(), Some(change));
    }
    let recent = state["recent"].as_array_mut().unwrap();
    recent.extend(delta.get("recent").and_then(Value::as_array).into_iter().flatten().cloned());
    let text = |log: &Value, key: &str| log[key].as_str().unwrap().to_owned();
    recent.sort_by_key(|log| {
        (std::cmp::Reverse(text(log, "received_at")), log["student_id"].as_i64(), text(log, "log_id"))
    });
    recent.truncate(20);
}

fn merge(known: &mut Value, change: Option<&Value>) {
    let change = change.and_then(Value::as_object).cloned().unwrap_or_default();
    known.as_object_mut().unwrap().extend(change);
}

fn figures() -> impl Strategy<Value = [i64; 4]> {
    prop::array::uniform4(0..3_i64)
}

fn watching() -> impl Strategy<Value = ([i64; 3], Vec<(i64, i64)>)> {
    (prop::array::uniform3(0..2_i64), prop::collection::vec((0..3_i64, 1..3_i64), 0..3))
}

proptest! {
    #[test]
    fn a_client_that_follows_the_deltas_knows_what_a_new_one_is_told(
        steps in prop::collection::vec(
            (figures(), prop::array::uniform3(figures()), 0..12_i64, watching(), 0..2_i64),
            1..10,
        ),
    ) {
        let mut arrived = 0;
        let mut known = today([0; 4], &[[0; 4]; 3], 0);
        let mut client = frame(Frame::snapshot(moment(0), &known), 0).as_object().unwrap().clone();
        for (totals, classrooms, arrivals, (in_classrooms, lessons), rejected_logs) in steps {
            arrived += arrivals;
            let next = today(totals, &classrooms, arrived);
            let rejected_logs = Some(rejected_logs);
            let next = Today { rejected_logs, ..watched(next, &in_classrooms, &lessons) };
            let delta = Delta::between(&known, &next).unwrap();
            follow(&mut client, frame(Frame::delta(moment(0), &delta), 1).as_object().unwrap());
            prop_assert_eq!(&Value::from(client.clone()), &frame(Frame::snapshot(moment(0), &next), 0));
            known = next;
        }
    }
}

/// What happened on one connection, as the states that the hub went through.
fn stories() -> Vec<(&'static str, Vec<Today>)> {
    let morning = |arrived| today([3, 2, arrived, 0], &[[2, 1, arrived, 0], [1, 1, 0, 0]], arrived);
    let late = {
        let mut late = morning(3);
        late.recent.insert(1, log(2, 99));
        late.recent.sort_by_key(|log| (std::cmp::Reverse(log.received_at), log.student_id, log.log_id));
        late
    };
    let erased = {
        let mut erased = morning(3);
        erased.totals = enrolled([2, 1, 2, 0]);
        erased.recent.remove(0);
        erased
    };
    let tomorrow = Today {
        date: NaiveDate::from_ymd_opt(2021, 11, 30).unwrap(),
        ..today([3, 0, 0, 0], &[[2, 0, 0, 0], [1, 0, 0, 0]], 3)
    };
    let completed = today([3, 2, 24, 2], &[[2, 1, 23, 1], [1, 1, 1, 1]], 24);
    let watching =
        |in_classrooms: &[i64], lessons: &[(i64, i64)]| watched(morning(3), in_classrooms, lessons);
    let refused = Today { rejected_logs: Some(2), ..watching(&[1, 1], &[(1, 2)]) };
    vec![
        ("a_morning", vec![morning(0), morning(1), morning(1), morning(5), morning(23), completed]),
        ("a_log_that_was_committed_late", vec![morning(2), morning(3), late]),
        ("an_erased_learner", vec![morning(3), erased.clone(), Today { rates: morning(0).rates, ..erased }]),
        ("midnight", vec![morning(3), tomorrow.clone(), tomorrow]),
        (
            "who_watches_what",
            vec![
                watching(&[0, 0], &[]),
                watching(&[1, 0], &[(1, 1)]),
                watching(&[2, 1], &[(2, 2), (1, 1)]),
                watching(&[1, 1], &[(1, 2)]),
                refused,
                Today { rejected_logs: Some(2), ..watching(&[0, 0], &[]) },
            ],
        ),
    ]
}

/// The frames of one connection, and what a connection is told that begins where it ends.
fn story(states: &[Today]) -> Value {
    let mut frames = vec![frame(Frame::snapshot(moment(0), &states[0]), 0)];
    for (seq, pair) in (1..).zip(states.windows(2)) {
        let [before, after] = pair else { unreachable!("windows of two") };
        let sent = match Delta::between(before, after) {
            Some(delta) => Frame::delta(moment(0), &delta),
            None => Frame::snapshot(moment(0), after),
        };
        frames.push(frame(sent, seq));
    }
    json!({"frames": frames, "then": frame(Frame::snapshot(moment(0), states.last().unwrap()), 0)})
}

/// The dashboard's own tests follow these. `UPDATE_FRAMES=1 cargo test -p edtech-api golden` writes them anew.
#[test]
fn the_golden_frames_are_what_the_hub_sends() {
    for (name, states) in stories() {
        let path = format!("{}/../tests/fixtures/frames/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let story = serde_json::to_string_pretty(&story(&states)).unwrap() + "\n";
        if std::env::var_os("UPDATE_FRAMES").is_some() {
            std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
            std::fs::write(&path, &story).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == story, "{path} is not what the hub sends; UPDATE_FRAMES=1 writes it anew");
    }
}
