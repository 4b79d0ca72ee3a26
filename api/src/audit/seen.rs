//! Which requests are worth an entry, told by their route and by their answer.

use actix_web::HttpRequest;
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Query;

use crate::error::Problem;
use crate::store::{AuditTarget, DONE};

/// What a request did, for the audit log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) action: &'static str,
    pub(super) target: AuditTarget,
    pub(super) outcome: &'static str,
}

/// What somebody does to come in or to go, or has to show a password for.
const SIGNING: [(&str, &str, &str); 4] = [
    ("POST", "/auth/session", "sign_in"),
    ("DELETE", "/auth/session", "sign_out"),
    ("POST", "/auth/token", "get_token"),
    ("POST", "/auth/password", CHANGE_PASSWORD),
];

const CHANGE_PASSWORD: &str = "change_password";

/// Parameters whose values tell nothing of a learner.
const TOLD: [&str; 7] = ["classroom", "silent_for_days", "student_id", "lesson_id", "from", "to", "limit"];

/// The learner of a list, by the LMS's name: told by our id, or not at all.
const NAMED: &str = "external_id";

impl Seen {
    /// What is to be noted of this answer. Nothing of most: whoever sends logs is not looked at beyond the status.
    pub(super) fn in_answer<B>(answer: &ServiceResponse<B>) -> Option<Self> {
        let status = answer.status();
        let refused = status == StatusCode::UNAUTHORIZED
            || status == StatusCode::FORBIDDEN
            || status == StatusCode::TOO_MANY_REQUESTS;
        let request = answer.request();
        if !refused && request.method() == Method::POST && request.path() == "/streaming-logs" {
            return None;
        }
        let code = answer.response().error().and_then(|error| error.as_error::<Problem>()).map(Problem::code);
        Self::of(request, status, code)
    }

    fn of(request: &HttpRequest, status: StatusCode, code: Option<&'static str>) -> Option<Self> {
        let route = request.match_pattern().unwrap_or_default();
        let outcome = outcome(status, code)?;
        if let Some((_, _, action)) =
            SIGNING.iter().find(|(method, path, _)| request.method() == *method && *path == route)
        {
            // A password that was changed is noted where that was done.
            let is_noted = *action == CHANGE_PASSWORD && outcome == DONE;
            return (!is_noted).then_some(Self { action, target: AuditTarget::None, outcome });
        }
        if outcome == DONE || outcome == "not_found" {
            return Self::reading(request, &route, outcome);
        }
        // Whoever shows nothing is told to, which is how every visit begins.
        let is_denied =
            outcome != "token_missing" && [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
        let target = AuditTarget::Other(format!("{} {route}", request.method()));
        is_denied.then_some(Self { action: "denied", target, outcome })
    }

    /// Requests that show learners.
    fn reading(request: &HttpRequest, route: &str, outcome: &'static str) -> Option<Self> {
        let is_change = request.method() == Method::PATCH;
        if !is_change && request.method() != Method::GET {
            return None;
        }
        let query = Query::<Vec<(String, String)>>::from_query(request.query_string());
        let query = query.map(Query::into_inner).unwrap_or_default();
        let learner = |id: Option<&str>| id.and_then(|id| id.parse().ok()).map(AuditTarget::Learner);
        let (action, target) = match route {
            "/students/{student_id}" => {
                // A change of nothing is answered with all of the learner as well.
                let action = if is_change { "change_student" } else { "read_student" };
                (action, learner(request.match_info().get("student_id"))?)
            }
            _ if is_change => return None,
            "/students" => ("read_students", listed("students", &query)),
            "/streaming-logs" => {
                let of_one = query.iter().find(|(name, _)| name == "student_id");
                let of_one = learner(of_one.map(|(_, id)| id.as_str()));
                ("read_streaming_logs", of_one.unwrap_or_else(|| listed("streaming-logs", &query)))
            }
            "/rejected-logs" => ("read_rejected_logs", listed("rejected-logs", &query)),
            _ => return None,
        };
        Some(Self { action, target, outcome })
    }
}

/// A success is done. Of the rest the code is told, where it is a matter of rights or of what is there.
fn outcome(status: StatusCode, code: Option<&'static str>) -> Option<&'static str> {
    match status.as_u16() {
        200..300 => Some(DONE),
        401 | 403 | 404 | 429 => code,
        _ => None,
    }
}

/// A list, with what it was narrowed by.
fn listed(list: &str, query: &[(String, String)]) -> AuditTarget {
    let told = query.iter().filter(|(name, _)| TOLD.contains(&name.as_str()));
    let told: Vec<String> = told.map(|(name, value)| format!("{name}={value}")).collect();
    let mut text = list.to_owned();
    if !told.is_empty() {
        text = format!("{text}?{}", told.join("&"));
    }
    match query.iter().find(|(name, _)| name == NAMED) {
        Some((_, external_id)) => AuditTarget::Named(text, external_id.clone()),
        None => AuditTarget::Other(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(query: &str) -> AuditTarget {
        listed("students", &Query::<Vec<(String, String)>>::from_query(query).unwrap().into_inner())
    }

    #[test]
    fn a_list_is_told_with_its_filter_and_without_a_name() {
        assert_eq!(target(""), AuditTarget::Other("students".to_owned()));
        let told = AuditTarget::Other("students?classroom=IA 2025&limit=7".to_owned());
        assert_eq!(target("classroom=IA+2025&limit=7&cursor=6c6d73"), told);
        let named = AuditTarget::Named("students".to_owned(), "lms-1017".to_owned());
        assert_eq!(target("external_id=lms-1017"), named);
    }

    #[test]
    fn what_fails_by_itself_is_nobodys_act() {
        assert_eq!(outcome(StatusCode::OK, None), Some(DONE));
        assert_eq!(outcome(StatusCode::FORBIDDEN, Some("insufficient_scope")), Some("insufficient_scope"));
        assert_eq!(outcome(StatusCode::SERVICE_UNAVAILABLE, Some("unavailable")), None);
        assert_eq!(outcome(StatusCode::UNPROCESSABLE_ENTITY, Some("invalid_parameter")), None);
    }
}
