//! What must never be told: secrets, tokens, cookies and learners' names. Every server's log and metrics are searched for
//! all of it that went through this suite's hands, when the server goes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Request;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderValue};
use serde_json::Value;

/// What is shorter could stand in a log by chance.
const SHORTEST: usize = 8;

/// What is shorter in a header is no credential of ours, but the name of one.
const SHORTEST_CREDENTIAL: usize = 20;

/// Enough of a story that enrols thousands, or signs in as often: each is looked for in each log.
const MOST: usize = 200;

/// Fields that hold a secret, or a learner.
const SECRETS: [&str; 4] = ["client_secret", "password", "new_password", "access_token"];
const LEARNERS: [&str; 2] = ["name", "external_id"];

/// All of it that is known of one database; its servers and clients share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Confidential(Arc<Mutex<Known>>);

/// Each kind has its own limit: a roster crowds out no token.
#[derive(Debug, Default)]
struct Known {
    secrets: BTreeSet<String>,
    learners: BTreeSet<String>,
}

fn keep(known: &mut BTreeSet<String>, text: &str) {
    if text.len() >= SHORTEST && known.len() < MOST {
        known.insert(text.to_owned());
    }
}

impl Confidential {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more secret.
    pub(crate) fn keep(&self, text: &str) {
        keep(&mut self.known().secrets, text);
    }

    /// What a request is about to tell the server.
    pub(crate) fn keep_those_of(&self, request: &Request) {
        for header in
            [request.headers().get(AUTHORIZATION), request.headers().get(COOKIE)].into_iter().flatten()
        {
            self.keep_credentials(header);
        }
        let path = request.url().path();
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        if path.starts_with("/auth/") || path.starts_with("/users") {
            fields(&SECRETS, body).iter().for_each(|text| self.keep(text));
            for pair in body.split(|byte| *byte == b'&').filter_map(|pair| std::str::from_utf8(pair).ok()) {
                self.keep(pair.strip_prefix("client_secret=").unwrap_or_default());
            }
        } else if path.starts_with("/students") {
            let named = [fields(&LEARNERS, body), columns(&LEARNERS, body)].concat();
            named.iter().for_each(|text| keep(&mut self.known().learners, text));
        } else if path.starts_with("/streaming-logs") {
            fields(&["student"], body).iter().for_each(|text| keep(&mut self.known().learners, text));
        }
    }

    /// The first of what is known that stands in this text.
    pub(crate) fn found_in(&self, text: &str) -> Option<String> {
        let Known { secrets, learners } = &*self.known();
        secrets.iter().chain(learners).find(|known| text.contains(known.as_str())).cloned()
    }

    /// `Bearer <token>`, `edtech_session=<value>`; HTTP Basic as it stands there.
    fn keep_credentials(&self, header: &HeaderValue) {
        let text = header.to_str().unwrap_or_default();
        let parts = text.split([' ', '=', ';', ',']).filter(|part| part.len() >= SHORTEST_CREDENTIAL);
        parts.for_each(|part| self.keep(part));
    }
}

/// Those columns of a table whose first row names them; nothing of what is no such table. Quotes are not looked into.
fn columns(names: &[&str], body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let places: Vec<usize> =
        (0..head.len()).filter(|place| names.contains(&head[*place].trim_matches('"'))).collect();
    let cells = lines.flat_map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        places.iter().filter_map(|place| cells.get(*place).copied()).collect::<Vec<_>>()
    });
    cells.map(|cell| cell.trim_matches('"').to_owned()).collect()
}

/// Those fields of objects, one or many, in an array or in lines.
fn fields(names: &[&str], body: &[u8]) -> Vec<String> {
    let values = serde_json::Deserializer::from_slice(body).into_iter::<Value>().map_while(Result::ok);
    let rows = values.flat_map(|value| match value {
        Value::Array(rows) => rows,
        row => vec![row],
    });
    rows.flat_map(|row| {
        names.iter().filter_map(move |name| row[*name].as_str().map(str::to_owned)).collect::<Vec<_>>()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(build: impl FnOnce(&reqwest::Client) -> reqwest::RequestBuilder) -> Confidential {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
        let confidential = Confidential::default();
        confidential.keep_those_of(&build(&http).build().expect("a request"));
        confidential
    }

    #[track_caller]
    fn assert_known(confidential: &Confidential, text: &str) {
        assert_eq!(confidential.found_in(&format!("{{\"message\":\"{text}\"}}")).as_deref(), Some(text));
        assert_eq!(confidential.found_in("another line"), None);
    }

    #[test]
    fn what_a_request_tells_is_known_from_then_on() {
        let url = "http://127.0.0.1/students";
        assert_known(
            &told(|http| http.get(url).bearer_auth("head.claims.signature")),
            "head.claims.signature",
        );
        assert_known(
            &told(|http| http.get(url).header(COOKIE, "edtech_session=a-cookie-of-nobody-here")),
            "a-cookie-of-nobody-here",
        );
        let ada = serde_json::json!([{"external_id": "learner-1", "name": "Ada Lovelace"}]);
        assert_known(&told(|http| http.post(url).json(&ada)), "Ada Lovelace");
        assert_known(&told(|http| http.post(url).json(&ada)), "learner-1");
        let lines = "{\"name\": \"Ada Lovelace\"}\n{\"name\": \"Alan Turing\"}\n";
        assert_known(&told(|http| http.post(url).body(lines)), "Alan Turing");
        let roster = "external_id,name\nlearner-1,\"Ada Lovelace\"\n";
        assert_known(&told(|http| http.post(url).body(roster)), "Ada Lovelace");
        assert_known(&told(|http| http.post(url).body(roster)), "learner-1");
        let logs = serde_json::json!([{"student": "learner-1", "lesson": "introduction-a-docker"}]);
        assert_known(&told(|http| http.post("http://127.0.0.1/streaming-logs").json(&logs)), "learner-1");
        let url = "http://127.0.0.1/auth/session";
        let credentials = serde_json::json!({"name": "school", "password": "correct horse"});
        assert_known(&told(|http| http.post(url).json(&credentials)), "correct horse");
        let form = serde_json::json!({"client_id": "school", "client_secret": "abcdef0123456789"});
        assert_known(&told(|http| http.post(url).form(&form)), "abcdef0123456789");
    }

    #[test]
    fn what_is_short_or_nobodys_is_not_looked_for() {
        let lesson = serde_json::json!({"external_id": "introduction-a-docker", "name": "A lesson of many"});
        let confidential = told(|http| http.post("http://127.0.0.1/lessons").json(&lesson));
        assert_eq!(confidential.found_in("introduction-a-docker A lesson of many"), None);
        let confidential = told(|http| http.get("http://127.0.0.1/students").bearer_auth("x"));
        assert_eq!(confidential.found_in("x"), None);
    }
}
