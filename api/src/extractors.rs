//! What actix's own extractors say when they cannot read a request: problems, like everybody else here.

use actix_web::error::{JsonPayloadError, PathError};
use actix_web::http::StatusCode;
use actix_web::web::{FormConfig, JsonConfig, PathConfig, ServiceConfig};

use crate::error::Problem;

/// Bodies beyond this one are read by the handlers that want them.
const JSON_BYTES: usize = 1024 * 1024;

/// A form holds a pair of credentials.
const FORM_BYTES: usize = 16 * 1024;

/// Lets every extractor of the application answer with problems.
pub fn configure(api: &mut ServiceConfig) {
    api.app_data(
        JsonConfig::default().limit(JSON_BYTES).error_handler(|error, _| json_problem(error).into()),
    )
    .app_data(PathConfig::default().error_handler(|error, _| path_problem(&error).into()))
    .app_data(FormConfig::default().limit(FORM_BYTES));
}

fn json_problem(error: JsonPayloadError) -> Problem {
    match error {
        JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("A body holds at most {JSON_BYTES} bytes here."),
        ),
        JsonPayloadError::ContentType => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Content-Type must be application/json.",
        ),
        JsonPayloadError::Deserialize(error) if error.is_data() => {
            Problem::unprocessable("invalid_value", error.to_string(), "")
        }
        error => Problem::bad_request("invalid_json", format!("The body cannot be read: {error}.")),
    }
}

/// A path whose parts are not what they should be names nothing.
fn path_problem(_: &PathError) -> Problem {
    Problem::not_found("There is nothing of this name.")
}
