use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

fn parsed(payload: &str) -> Result<StreamingLog, Rejection> {
    let arrived_at = "2026-01-31T09:30:00Z".parse().unwrap();
    parse(payload.as_bytes(), arrived_at, &mut StdRng::seed_from_u64(1)).0
}

fn verdict(payload: &str) -> (&'static str, String) {
    let rejection = parsed(payload).unwrap_err();
    (rejection.code, rejection.pointer.unwrap_or_default())
}

fn with(field: &str) -> String {
    format!(r#"{{"student": "s", "lesson": "l", "event_type": "played", {field}}}"#)
}

#[test]
fn a_whole_log_is_read() {
    let log = parsed(
        r#"{"log_id": "9dc99b37-e920-4a68-a066-917faca28949", "student_id": 7, "lesson": "docker",
            "event_type": "seeked", "watch_time_seconds": 0, "completion_percentage": 47,
            "event_timestamp": "2021-11-30T00:09:00.8672199+01:00"}"#,
    )
    .unwrap();
    assert_eq!(log.learner, Reference { id: Some(7), external_id: None });
    assert_eq!(log.lesson, Reference { id: None, external_id: Some("docker".into()) });
    assert_eq!((log.watch_time_seconds, log.completion_percentage), (Some(0), Some(47)));
    assert_eq!(log.event_timestamp.to_rfc3339(), "2021-11-29T23:09:00.867219+00:00");
}

#[test]
fn a_number_is_whole_also_with_a_point() {
    let log = parsed(&with(r#""watch_time_seconds": 30.0, "completion_percentage": 1e2"#)).unwrap();
    assert_eq!((log.watch_time_seconds, log.completion_percentage), (Some(30), Some(100)));
}

#[test]
fn without_id_and_time_it_is_new_and_happened_now() {
    let log = parsed(&with(r#""log_id": null"#)).unwrap();
    assert!(log.log_id.is_some() && !log.event_timestamp_is_given);
    assert_eq!(log.event_timestamp.to_rfc3339(), "2026-01-31T09:30:00+00:00");
    let dated = parsed(&with(r#""event_timestamp": "2026-01-31T09:30:00Z""#)).unwrap();
    assert!(dated.log_id.is_none(), "the store derives it");
}

#[test]
fn each_fault_has_a_code_and_a_place() {
    let cases = [
        (with(r#""completion_percentage": 101"#), "out_of_range", "/completion_percentage"),
        (with(r#""completion_percentage": -1"#), "out_of_range", "/completion_percentage"),
        (with(r#""watch_time_seconds": 9223372036854775808"#), "out_of_range", "/watch_time_seconds"),
        (with(r#""watch_time_seconds": 1.5"#), "invalid_type", "/watch_time_seconds"),
        (with(r#""watch_time_seconds": 1e999"#), "out_of_range", "/watch_time_seconds"),
        (with(r#""watch_time_seconds": "12""#), "invalid_type", "/watch_time_seconds"),
        (with(r#""event_timestamp": "2026-01-31T09:30:00""#), "invalid_timestamp", "/event_timestamp"),
        (with(r#""event_timestamp": "+300000-01-01T00:00:00Z""#), "invalid_timestamp", "/event_timestamp"),
        (with(r#""event_timestamp": "1969-12-31T23:59:59Z""#), "out_of_range", "/event_timestamp"),
        (with(r#""log_id": "12""#), "invalid_log_id", "/log_id"),
        (with(r#""watched": 12"#), "unknown_field", "/watched"),
        (with(r#""a/b~c": 12"#), "unknown_field", "/a~1b~0c"),
        (with(r#""student": "t""#), "repeated_field", "/student"),
        (r#"{"student": "a\u0000b", "lesson": "l", "event_type": "p"}"#.into(), "invalid_text", "/student"),
        (r#"{"student": "\ud800", "lesson": "l", "event_type": "p"}"#.into(), "invalid_text", "/student"),
        (
            r#"{"student": "s", "lesson": "l", "event_type": "Played"}"#.into(),
            "invalid_event_type",
            "/event_type",
        ),
        (r#"{"student": "s", "lesson": "l"}"#.into(), "missing_field", "/event_type"),
        (r#"{"lesson": "l", "event_type": "p"}"#.into(), "missing_field", "/student"),
        (r#"{"student": "s", "event_type": "p"}"#.into(), "missing_field", "/lesson"),
        ("[]".into(), "invalid_type", ""),
        ("{".into(), "invalid_json", ""),
        ("{}}".into(), "invalid_json", ""),
    ];
    for (payload, code, pointer) in cases {
        assert_eq!(verdict(&payload), (code, pointer.to_owned()), "{payload}");
    }
}

#[test]
fn a_rejected_log_still_tells_whom_it_names() {
    let arrived_at = "2026-01-31T09:30:00Z".parse().unwrap();
    let named =
        |payload: &str| parse(payload.as_bytes(), arrived_at, &mut StdRng::seed_from_u64(1)).1.learners;
    assert_eq!(named(r#"{"student": "s", "completion_percentage": 101}"#), ["ref:s"]);
    assert_eq!(named(r#"{"student_id": 7}"#), ["id:7"]);
    assert_eq!(named(r#"{"student": "s", "student_id": 7}"#), ["id:7", "ref:s"]);
    assert_eq!(named(r#"{"student": "a\u0000b"}"#), ["ref:ab"]);
    assert_eq!(named(r#"{"stud\u0065nt": "s"}"#), ["ref:s"]);
    assert_eq!(named(r#"{"student": "s""#), ["ref:s"]);
    assert_eq!(named(&with(r#""watch_time_seconds": 1"#)), [] as [&str; 0], "the log itself tells it");
}

proptest! {
    #[test]
    fn no_payload_makes_it_panic_or_reach_the_database_unfit(payload in ".{0,200}") {
        if let Err(rejection) = parsed(&payload) {
            prop_assert!(!rejection.reason.contains('\0'));
            prop_assert!(!rejection.pointer.unwrap_or_default().contains('\0'));
        }
    }

    #[test]
    fn no_value_of_a_field_makes_it_panic(value in r#"[-+0-9eE.a-z"\\u{}\[\]:TZ ]{1,40}"#) {
        for field in ["student", "watch_time_seconds", "event_timestamp", "log_id", "completion_percentage"] {
            let _ = parsed(&with(&format!(r#""{field}": {value}"#)));
        }
    }

    #[test]
    fn every_moment_of_the_accepted_years_keeps_its_microseconds(micros in 0_i64..7_258_118_400_000_000) {
        let moment = DateTime::from_timestamp_micros(micros).unwrap();
        let log = parsed(&with(&format!(r#""event_timestamp": "{}""#, moment.to_rfc3339()))).unwrap();
        prop_assert_eq!(log.event_timestamp, moment);
    }
}
