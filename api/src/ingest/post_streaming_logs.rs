//! `POST /streaming-logs`: one log, an array of logs, or a log a line.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Payload};
use actix_web::{Either, HttpRequest, HttpResponse, post, web};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Intake;
use super::items::{Form, Posted, split};
use super::parse::parse;
use super::verdicts::{StoredLog, StoredStatus, Verdicts, problem};
use crate::auth::{Ingest, Require};
use crate::body::read_body;
use crate::clock::Clock;
use crate::entropy;
use crate::error::{Problem, ProblemBody};
use crate::store::{Item, Submission, Verdict};

/// The largest body, in bytes, also after decompression.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// What happened in a viewing.
#[derive(Debug, Deserialize, ToSchema)]
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
    #[schema(max_length = 255)]
    student: Option<String>,
    /// The learner, by our id.
    student_id: Option<i64>,
    /// The lesson, by external id. This or `lesson_id`.
    #[schema(max_length = 255)]
    lesson: Option<String>,
    /// The lesson, by our id.
    lesson_id: Option<i64>,
    /// What happened.
    #[schema(pattern = "^[a-z_]{1,32}$")]
    event_type: String,
    /// Seconds watched since the previous log of the same viewing.
    #[schema(minimum = 0)]
    watch_time_seconds: Option<i32>,
    /// How far the learner is.
    #[schema(minimum = 0, maximum = 100)]
    completion_percentage: Option<i32>,
    /// When it happened, with an offset. Without it: now.
    event_timestamp: Option<DateTime<Utc>>,
}

/// Store logs
///
/// A 2xx means committed and flushed to disk. Send a log again when in doubt: a resend is a duplicate and counts once.
/// A 503 means 'perhaps stored, send it again'. In an array or in lines a bad item is answered with its index and never
/// blocks its neighbours. `Content-Encoding: gzip` is understood.
#[utoipa::path(
    tag = "ingestion",
    request_body(content(
        (PostedLog = "application/json"),
        (Vec<PostedLog> = "application/json"),
        (String = "application/x-ndjson")
    )),
    responses(
        (status = 200, description = "A list was judged, or the one log was stored before", content(
            (Verdicts = "application/json"), (StoredLog = "application/json")
        )),
        (status = 201, description = "The one log is stored", body = StoredLog),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that does not hold", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "A token without the scope", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The one log has the id of another one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "Too many bytes or too many logs", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Neither JSON nor lines of it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The one log is refused, and kept as a rejected log", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Perhaps stored, send it again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
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
) -> Result<Either<HttpResponse, web::Json<Verdicts>>, Problem> {
    let form = Form::of(content_type(&request))?;
    let body = read_body(&request, payload, BODY_LIMIT).await?;
    let posted = split(form, &body)?;
    let submission = |items| submission(caller.client(), clock.now(), items);
    match posted {
        Posted::One(item) => {
            let verdicts = intake.submit(submission(vec![item])).await?;
            answer_one(verdicts).map(Either::Left)
        }
        Posted::Many(items) => {
            let verdicts = intake.submit(submission(items)).await?;
            Ok(Either::Right(web::Json(Verdicts::of(verdicts))))
        }
    }
}

fn content_type(request: &HttpRequest) -> &str {
    request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn submission(client: &str, received_at: DateTime<Utc>, payloads: Vec<Bytes>) -> Submission {
    let mut rng = entropy::rng();
    let items = payloads.into_iter().map(|payload| {
        let (parsed, learner_ref) = parse(&payload, received_at, &mut rng);
        Item { payload, parsed, learner_ref, replays: None }
    });
    Submission { client: client.to_owned(), received_at, items: items.collect() }
}

fn answer_one(verdicts: Vec<Verdict>) -> Result<HttpResponse, Problem> {
    match verdicts.into_iter().next() {
        Some(Verdict::Stored(log_id)) => {
            Ok(HttpResponse::Created().json(StoredLog { log_id, status: StoredStatus::Stored }))
        }
        Some(Verdict::Duplicate(log_id)) => {
            Ok(HttpResponse::Ok().json(StoredLog { log_id, status: StoredStatus::Duplicate }))
        }
        Some(Verdict::Rejected(rejection)) => Err(problem(rejection)),
        Some(Verdict::Gone) | None => Err(Problem::internal("a log got no verdict")),
    }
}
