//! What actix's own extractors say when they cannot read a request: problems, like everybody else here.

use actix_web::error::PathError;
use actix_web::web::{PathConfig, ServiceConfig};

use crate::error::Problem;

/// Lets every extractor of the application answer with problems. Bodies are read by the handlers that want them.
pub fn configure(api: &mut ServiceConfig) {
    api.app_data(PathConfig::default().error_handler(|error, _| path_problem(&error).into()));
}

/// A path whose parts are not what they should be names nothing.
fn path_problem(_: &PathError) -> Problem {
    Problem::not_found("There is nothing of this name.")
}
