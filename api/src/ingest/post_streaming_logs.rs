//! `POST /streaming-logs`: one log, an array of logs, or a log a line.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Intake;
use super::items::{Form, Posted, split};
use super::parse::parse;
use super::verdicts::{IngestAnswer, StoredLog, StoredStatus, Verdicts, problem};
use crate::auth::{Ingest, Require};
use crate::body::read_body;
use crate::clock::Clock;
use crate::entropy;
use crate::error::Problem;
use crate::one_or_many::OneOrMany;
use crate::refusals::IngestRefusals;
use crate::store::{Item, Submission, Verdict};

/// The largest body, in bytes, also after decompression.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// What happened in a viewing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "documents the body; it is parsed field by field, so that each fault has a place"
)]
#[schema(example = json!({
    "student": "demo-1", "lesson": "introduction-a-docker", "event_type": "played",
    "watch_time_seconds": 30, "completion_percentage": 12, "event_timestamp": "2026-01-31T09:30:00Z"
}))]
pub struct PostedLog {
    /// The client's name for the log, unique for each learner. Without one it is derived from the content, so that a
    /// resend is a duplicate.
    log_id: Option<Uuid>,
    /// The learner, by external id. This or `student_id`.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    student: Option<String>,
    /// The learner, by our id.
    #[schema(minimum = 1, maximum = 9223372036854775807isize)]
    student_id: Option<i64>,
    /// The lesson, by external id. This or `lesson_id`.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    lesson: Option<String>,
    /// The lesson, by our id.
    #[schema(minimum = 1, maximum = 9223372036854775807isize)]
    lesson_id: Option<i64>,
    /// What happened.
    #[schema(pattern = "^[a-z_]{1,32}$")]
    event_type: String,
    /// Seconds watched since the previous log of the same viewing.
    #[schema(minimum = 0, maximum = 2147483647)]
    watch_time_seconds: Option<i32>,
    /// How far the learner is.
    #[schema(minimum = 0, maximum = 100)]
    completion_percentage: Option<i32>,
    /// When it happened, with an offset, in the years 1970 to 2199. Without it: now.
    event_timestamp: Option<DateTime<Utc>>,
}

/// Store logs
///
/// A 2xx means committed and flushed to disk. Send a log again when in doubt: a resend is a duplicate and counts once.
/// A 503 means 'perhaps stored, send it again'. In an array or in lines a bad item is answered with its index and never
/// blocks its neighbours. `Content-Encoding: gzip` is understood.
#[utoipa::path(
    tag = "ingestion",
    request_body(content((OneOrMany<PostedLog> = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "A list was judged, or the one log was stored before", body = IngestAnswer),
        (status = 201, description = "The one log is stored", body = StoredLog),
        IngestRefusals
    ),
    security(("token" = ["ingest"]))
)]
#[post("/streaming-logs")]
pub async fn post_streaming_logs(
    caller: Require<Ingest>,
    request: HttpRequest,
    payload: Payload,
    intake: Data<Intake>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let form = Form::of(content_type(&request))?;
    let body = read_body(&request, payload, BODY_LIMIT).await?;
    let submit = async |payloads: Vec<Bytes>| {
        let room = intake.room_for(payloads.iter().map(Bytes::len))?;
        intake.submit(room, submission(caller.client(), clock.now(), payloads)).await
    };
    match split(form, &body)? {
        Posted::One(item) => answer_one(submit(vec![item]).await?),
        Posted::Many(items) => {
            let verdicts = submit(items).await?;
            Ok(HttpResponse::Ok().json(IngestAnswer::Many(Verdicts::of(verdicts))))
        }
    }
}

fn content_type(request: &HttpRequest) -> &str {
    request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn submission(client: &str, received_at: DateTime<Utc>, payloads: Vec<Bytes>) -> Submission {
    let mut rng = entropy::rng();
    let items = payloads.into_iter().map(|payload| {
        let (parsed, named) = parse(&payload, received_at, &mut rng);
        Item { payload: payload.slice(..named.within), parsed, named: named.learners, replays: None }
    });
    Submission { client: client.to_owned(), received_at, items: items.collect() }
}

fn answer_one(verdicts: Vec<Verdict>) -> Result<HttpResponse, Problem> {
    match verdicts.into_iter().next() {
        Some(Verdict::Stored(log_id)) => {
            Ok(HttpResponse::Created().json(StoredLog { log_id, status: StoredStatus::Stored }))
        }
        Some(Verdict::Duplicate(log_id)) => {
            Ok(HttpResponse::Ok()
                .json(IngestAnswer::One(StoredLog { log_id, status: StoredStatus::Duplicate })))
        }
        Some(Verdict::Rejected(rejection)) => Err(problem(rejection)),
        Some(Verdict::Gone) | None => Err(Problem::internal("a log got no verdict")),
    }
}
