//! How something is measured: what a client may ask for, judged once, and what it comes to.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kind::Kind;
use crate::error::Fault;
use crate::whole_number;

/// A benchmark that is asked for; what is left out has a default.
#[derive(Debug, Clone, Deserialize, ToSchema, Args)]
#[serde(deny_unknown_fields)]
#[schema(
    as = NewBenchmark,
    example = json!({"kind": "ingestion", "replicas": 2, "interval_seconds": 5, "duration_seconds": 60}),
)]
pub struct Asked {
    /// What to measure.
    #[arg(value_enum)]
    kind: Kind,
    /// Replicas of the simulator, 1 to 64; 2 by default, up to 4 where they are scaled.
    #[arg(long)]
    #[schema(minimum = 1, maximum = 64)]
    #[serde(default, deserialize_with = "whole_number::optional")]
    replicas: Option<u32>,
    /// Seconds between two logs of a replica; 5 by default.
    #[arg(long, value_name = "SECONDS")]
    #[schema(minimum = 0.01, maximum = 3600)]
    interval_seconds: Option<f64>,
    /// Logs a second over all replicas, instead of an interval.
    #[arg(long)]
    #[schema(minimum = 0.1, maximum = 1000000)]
    rate: Option<f64>,
    /// As fast as the server answers, instead of an interval.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    max: Option<bool>,
    /// How long logs are posted for each figure; 60 by default.
    #[arg(long, value_name = "SECONDS")]
    #[schema(minimum = 1, maximum = 7200)]
    #[serde(default, deserialize_with = "whole_number::optional")]
    duration_seconds: Option<u32>,
    /// Logs that are there before queries are asked; 240 by default, as the original had.
    #[arg(long)]
    #[schema(minimum = 1, maximum = 100000000)]
    #[serde(default, deserialize_with = "whole_number::optional")]
    logs: Option<u32>,
    /// Dashboards that are open; 1 by default.
    #[arg(long)]
    #[schema(minimum = 1, maximum = 5000)]
    #[serde(default, deserialize_with = "whole_number::optional")]
    dashboards: Option<u32>,
    /// The p99 that insert times have to stay under, in milliseconds; 50 by default.
    #[arg(long, value_name = "MILLISECONDS")]
    #[schema(minimum = 1, maximum = 10000)]
    target_p99_ms: Option<f64>,
    /// How often all of it is measured; figures are the median then. 1 by default.
    #[arg(long)]
    #[schema(minimum = 1, maximum = 20)]
    #[serde(default, deserialize_with = "whole_number::optional")]
    repeats: Option<u32>,
}

/// How something is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BenchmarkParameters)]
pub struct Parameters {
    /// Replicas of the simulator.
    pub replicas: u32,
    /// Seconds between two logs of a replica.
    pub interval_seconds: f64,
    /// Logs a second over all replicas, instead of an interval.
    #[schema(required)]
    pub rate: Option<f64>,
    /// As fast as the server answers, instead of an interval.
    pub max: bool,
    /// How long logs are posted for each figure.
    pub duration_seconds: u32,
    /// Logs that are there before queries are asked.
    pub logs: u32,
    /// Dashboards that are open.
    pub dashboards: u32,
    /// The p99 that insert times have to stay under, in milliseconds.
    pub target_p99_ms: f64,
    /// How often all of it is measured.
    pub repeats: u32,
}

impl Asked {
    /// What it comes to, or what is wrong with it.
    pub fn resolved(&self) -> Result<(Kind, Parameters), Vec<Fault>> {
        let mut judge = Judge::default();
        let replicas = match self.kind {
            Kind::Scaling | Kind::Full => 4,
            _ => 2,
        };
        let parameters = Parameters {
            replicas: judge.within("replicas", self.replicas.unwrap_or(replicas), 1, 64),
            interval_seconds: judge.within(
                "interval_seconds",
                self.interval_seconds.unwrap_or(5.0),
                0.01,
                3_600.0,
            ),
            rate: self.rate.map(|rate| judge.within("rate", rate, 0.1, 1_000_000.0)),
            max: self.max.unwrap_or(false),
            duration_seconds: judge.within("duration_seconds", self.duration_seconds.unwrap_or(60), 1, 7_200),
            logs: judge.within("logs", self.logs.unwrap_or(240), 1, 100_000_000),
            dashboards: judge.within("dashboards", self.dashboards.unwrap_or(1), 1, 5_000),
            target_p99_ms: judge.within("target_p99_ms", self.target_p99_ms.unwrap_or(50.0), 1.0, 10_000.0),
            repeats: judge.within("repeats", self.repeats.unwrap_or(1), 1, 20),
        };
        let ways = [self.interval_seconds.is_some(), self.rate.is_some(), parameters.max];
        if ways.into_iter().filter(|&way| way).count() > 1 {
            judge.refuse(
                "rate",
                "contradiction",
                "is one of interval_seconds, rate and max: give one of them",
            );
        }
        judge.finish(self.kind, parameters)
    }
}

#[derive(Default)]
struct Judge(Vec<Fault>);

impl Judge {
    fn within<T: PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        name: &str,
        value: T,
        least: T,
        most: T,
    ) -> T {
        // Also what is no number at all lies outside.
        if !(least..=most).contains(&value) {
            self.refuse(name, "out_of_range", &format!("is {least} to {most}"));
        }
        value
    }

    fn refuse(&mut self, name: &str, code: &'static str, fault: &str) {
        self.0.push(Fault { pointer: format!("/{name}"), code, detail: format!("`{name}` {fault}.") });
    }

    fn finish(self, kind: Kind, parameters: Parameters) -> Result<(Kind, Parameters), Vec<Fault>> {
        if self.0.is_empty() { Ok((kind, parameters)) } else { Err(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(body: &str) -> Vec<String> {
        let asked: Asked = serde_json::from_str(body).unwrap();
        asked.resolved().err().into_iter().flatten().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn what_is_left_out_is_as_the_original_measured() {
        let asked: Asked = serde_json::from_str(r#"{"kind": "ingestion"}"#).unwrap();
        let (_, parameters) = asked.resolved().unwrap();
        assert_eq!((parameters.replicas, parameters.interval_seconds, parameters.logs), (2, 5.0, 240));
        let asked: Asked = serde_json::from_str(r#"{"kind": "full"}"#).unwrap();
        assert_eq!(asked.resolved().unwrap().1.replicas, 4);
    }

    #[test]
    fn every_fault_is_told_at_its_place() {
        assert_eq!(
            pointers(r#"{"kind": "scaling", "replicas": 65, "logs": 0, "rate": 1e9}"#),
            ["/replicas", "/rate", "/logs"]
        );
        assert_eq!(pointers(r#"{"kind": "ingestion", "max": true, "rate": 5}"#), ["/rate"]);
        assert!(serde_json::from_str::<Asked>(r#"{"kind": "ingestion", "logz": 5}"#).is_err());
        assert!(serde_json::from_str::<Asked>(r#"{"kind": "ingestion", "logs": 5.5}"#).is_err());
        assert!(
            serde_json::from_str::<Asked>(r#"{"kind": "ingestion", "logs": 5.0, "replicas": null}"#).is_ok()
        );
    }
}
