//! How long requests took.

use std::fmt::Display;
use std::time::Duration;

use serde::Serialize;

use super::Answered;
use super::request::Asked;
use crate::latency::{Latencies, Latency};

/// What was measured of all rounds so far.
pub(super) struct Measured {
    requests: Vec<Series>,
    rounds: Series,
}

/// Durations of one thing; the first is told apart.
struct Series {
    name: String,
    first: Option<Duration>,
    bytes: usize,
    refusals: u32,
    later: Latencies,
}

/// The measurement, as a program reads it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    times: u32,
    at_once: bool,
    requests: Vec<RequestReport>,
    /// From the first request of the first round to its last answer.
    first_round_ms: f64,
    round_ms: Latency,
}

#[derive(Debug, Serialize)]
struct RequestReport {
    request: String,
    /// With the connection that it opened.
    first_ms: f64,
    /// Of the last answer's body.
    bytes: usize,
    /// Answers that said to come again (503), which is part of the time.
    refusals: u32,
    latency_ms: Latency,
}

impl Measured {
    pub(super) fn of(requests: &[Asked]) -> Self {
        let series = |asked: &Asked| Series::new(asked.to_string());
        Self { requests: requests.iter().map(series).collect(), rounds: Series::new(String::new()) }
    }

    /// Notes an answer to the request at this place.
    pub(super) fn note(&mut self, place: usize, answer: &Answered) {
        if let Some(series) = self.requests.get_mut(place) {
            series.bytes = answer.bytes;
            series.refusals += answer.refusals;
            series.note(answer.took);
        }
    }

    pub(super) fn note_round(&mut self, took: Duration) {
        self.rounds.note(took);
    }

    pub(super) fn report(&self, times: u32, at_once: bool) -> Report {
        let requests = self.requests.iter().map(|series| RequestReport {
            request: series.name.clone(),
            first_ms: series.first_ms(),
            bytes: series.bytes,
            refusals: series.refusals,
            latency_ms: series.later.percentiles(),
        });
        Report {
            times,
            at_once,
            requests: requests.collect(),
            first_round_ms: self.rounds.first_ms(),
            round_ms: self.rounds.later.percentiles(),
        }
    }
}

impl Series {
    fn new(name: String) -> Self {
        Self { name, first: None, bytes: 0, refusals: 0, later: Latencies::new() }
    }

    fn note(&mut self, took: Duration) {
        match self.first {
            None => self.first = Some(took),
            Some(_) => self.later.record(took),
        }
    }

    fn first_ms(&self) -> f64 {
        self.first.unwrap_or_default().as_secs_f64() * 1000.0
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { times, at_once, requests, first_round_ms, round_ms } = self;
        let how = if *at_once { "at once" } else { "in turn" };
        let width = requests.iter().map(|one| one.request.chars().count()).max().unwrap_or_default().max(12);
        writeln!(f, "{times} rounds after the first, the requests of each {how}; milliseconds")?;
        writeln!(
            f,
            "{:width$}  {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "", "first", "mean", "p50", "p99", "max", "bytes"
        )?;
        for RequestReport { request, first_ms, bytes, refusals, latency_ms } in requests {
            let Latency { mean, p50, p99, max, .. } = latency_ms;
            write!(f, "{request:width$}  {first_ms:9.2} {mean:9.2} {p50:9.2} {p99:9.2} {max:9.2} {bytes:9}")?;
            match refusals {
                0 => writeln!(f)?,
                times => writeln!(f, "  told to come again {times} times")?,
            }
        }
        let Latency { mean, p50, p99, max, .. } = round_ms;
        write!(f, "{:width$}  {first_round_ms:9.2} {mean:9.2} {p50:9.2} {p99:9.2} {max:9.2}", "a round")
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::asked;
    use super::*;

    #[test]
    fn the_first_round_is_told_apart() {
        let mut measured = Measured::of(&[asked("/a").unwrap(), asked("PUT:/b").unwrap()]);
        for (bytes, milliseconds) in [(10, 90), (20, 4), (20, 6)] {
            let answer = |times, refusals| Answered {
                bytes,
                took: Duration::from_millis(milliseconds * times),
                refusals,
            };
            measured.note(0, &answer(1, 0));
            measured.note(1, &answer(2, 3));
            measured.note_round(Duration::from_millis(milliseconds * 3));
        }
        let report = measured.report(2, false);
        let told = serde_json::to_value(&report).unwrap();
        assert_eq!((&told["times"], &told["at_once"]), (&2.into(), &false.into()));
        assert_eq!(told["requests"][1]["request"], "PUT:/b");
        assert_eq!(
            (&told["requests"][1]["first_ms"], &told["first_round_ms"]),
            (&180.0.into(), &270.0.into())
        );
        assert_eq!(told["requests"][0]["bytes"], 20);
        assert_eq!(
            (&told["requests"][0]["refusals"], &told["requests"][1]["refusals"]),
            (&0.into(), &9.into())
        );
        let max = told["requests"][0]["latency_ms"]["max"].as_f64().unwrap();
        assert!((6.0..6.1).contains(&max), "{told}");
        assert!(report.to_string().lines().count() == 5, "{report}");
        assert!(report.to_string().contains("  told to come again 9 times\n"), "{report}");
    }
}
