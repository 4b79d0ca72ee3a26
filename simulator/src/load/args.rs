//! What a load is made of, as it is asked for.

use std::time::Duration;

use clap::Args;

use super::expectations::{Expectation, expectation};
use super::plan::Demand;
use super::profile::Profile;
use super::stream::Pattern;
use crate::client::ClientArgs;
use crate::duration::duration;
use crate::stop::StopArgs;

pub(crate) const EXAMPLES: &str = "\
Examples:
  edtech-simulator load --duration 30s                              as fast as 64 connections can, a log each
  edtech-simulator load --batch 1000 --connections 16 --logs 1000000
  edtech-simulator load --rate 2000 --duration 10m --json           2,000 logs a second, whatever the server does
  edtech-simulator load --replicas 2 --interval 5s --duration 1m    two pods, a log each 5 s: 24 a minute
  edtech-simulator load --rate 500 --profile school-day --duration 11m \\
    --expect 'p99<50ms' --expect 'errors<=0%'
  edtech-simulator load --rate 200 --duration 1m --check-ledger     and is everything there afterwards?
  edtech-simulator load --days 30 --pattern random --duration 1m    the worst case

docs/LOAD.md says how it measures.";

/// The most connections of all replicas: each is a file of the process.
const MOST_CONNECTIONS: u32 = 10_000;

/// What a load is made of.
#[derive(Args)]
pub(crate) struct LoadArgs {
    #[command(flatten)]
    pub(super) client: ClientArgs,
    #[command(flatten)]
    pub(super) stop: StopArgs,
    /// Replicas that post side by side, as so many pods would: each has its own connections, and posts at the rate.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(super) replicas: u32,
    /// Connections of a replica, each with one request at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=MOST_CONNECTIONS as i64))]
    pub(super) connections: u32,
    /// Logs in a request: one goes out as JSON, several as lines.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) batch: u32,
    /// Logs in a second of a replica, over all its connections; latency counts from when a request is due. Without it:
    /// as fast as the server answers.
    #[arg(long, value_parser = rate)]
    pub(super) rate: Option<f64>,
    /// The same as time between two logs of a replica: 5s, 500ms, 1m.
    #[arg(long, value_parser = duration, conflicts_with = "rate")]
    pub(super) interval: Option<Duration>,
    /// How the rate changes over the duration.
    #[arg(long, value_enum, default_value_t = Profile::Steady)]
    pub(super) profile: Profile,
    /// Ends after this long: 30s, 10m. What was due by then is sent for ten seconds more.
    #[arg(long, value_parser = duration, required_unless_present_any = ["logs", "schema"])]
    pub(super) duration: Option<Duration>,
    /// Ends after this many logs of all replicas.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) logs: Option<u64>,
    /// Learners, enrolled before the clock starts.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(super) learners: u32,
    /// Lessons.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) lessons: u32,
    /// The days up to now that the logs are from: the first is from the first day, the last from today. 0: they are
    /// from when they are posted.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=3_650))]
    pub(super) days: u16,
    /// How learners, lessons and moments follow each other.
    #[arg(long, value_enum, default_value_t = Pattern::Viewings)]
    pub(super) pattern: Pattern,
    /// Which logs; drawn, and printed, without it. In two runs with one seed a connection posts the same ids, at other
    /// moments.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Begins the external ids of learners and lessons.
    #[arg(long, default_value = "load")]
    pub(super) name: String,
    /// What must hold afterwards: 'p99<50ms', 'errors<=0.1%', 'rate>=200'; as often as you like. Ends with 1 where one
    /// does not. An expectation of errors, or rejected, says how many of them are all right: usually none is.
    #[arg(long = "expect", value_name = "EXPECTATION", value_parser = expectation)]
    pub(super) expectations: Vec<Expectation>,
    /// Remember every log that the server acknowledges (about 100 bytes each), read them back at the end, and tell which
    /// are lost or there twice.
    #[arg(long)]
    pub(super) check_ledger: bool,
    /// Show no progress.
    #[arg(long)]
    pub(super) quiet: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    pub(super) json: bool,
    /// Print the JSON Schema of that, and do nothing else.
    #[arg(long)]
    pub(super) schema: bool,
}

impl LoadArgs {
    /// Refuses what does not fit together.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let is_steady = self.profile == Profile::Steady;
        anyhow::ensure!(
            is_steady || self.demand().rate.is_some() && self.duration.is_some(),
            "a --profile that is not steady wants a --rate (or an --interval) and a --duration, for example --profile ramp --rate 200 --duration 1m"
        );
        let connections = self.replicas.saturating_mul(self.connections);
        anyhow::ensure!(
            connections <= MOST_CONNECTIONS,
            "{} replicas of {} connections are more than {MOST_CONNECTIONS} connections: give a smaller --connections, for example 1",
            self.replicas,
            self.connections
        );
        let needs_the_ledger = self.expectations.iter().any(Expectation::needs_the_ledger);
        anyhow::ensure!(
            self.check_ledger || !needs_the_ledger,
            "an expectation of lost or doubled wants --check-ledger, which reads the logs back"
        );
        Ok(())
    }

    /// What is asked of each replica.
    pub(super) fn demand(&self) -> Demand {
        Demand {
            replicas: self.replicas,
            batch: self.batch,
            rate: self.rate.or(self.interval.map(|interval| interval.as_secs_f64().recip())),
            profile: self.profile,
            duration: self.duration,
            logs: self.logs,
        }
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.001..=10_000_000.0).contains(rate));
    rate.ok_or_else(|| "a rate is 0.001 to 10000000 logs a second".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: LoadArgs,
    }

    fn args(line: &str) -> Result<LoadArgs, String> {
        let words = std::iter::once("load").chain(line.split_whitespace());
        let args = Cli::try_parse_from(words).map_err(|error| error.to_string())?.args;
        args.check().map_err(|error| error.to_string()).map(|()| args)
    }

    #[test]
    fn a_rate_is_said_in_two_ways() {
        let rate = |line| args(line).unwrap().demand().rate;
        assert_eq!(rate("--duration 1m"), None);
        assert_eq!(rate("--duration 1m --rate 0.2"), Some(0.2));
        assert_eq!(rate("--duration 1m --interval 5s"), Some(0.2));
        assert_eq!(rate("--duration 5m --interval 1m"), Some(1.0 / 60.0));
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for (line, fault) in [
            ("", "--duration"),
            ("--duration 1m --rate 2 --interval 5s", "cannot be used with"),
            ("--duration 1m --profile ramp", "--rate"),
            ("--logs 10 --rate 2 --profile burst", "--duration"),
            ("--duration 1m --replicas 1000", "--connections"),
            ("--duration 1m --expect lost<=0", "--check-ledger"),
            ("--duration 1m --expect p99<50", "'p99<50ms'"),
        ] {
            let told = args(line).err().unwrap();
            assert!(told.contains(fault), "{line}: {told}");
        }
        assert!(args("--duration 1m --check-ledger --expect lost<=0 --expect p99<50ms").is_ok());
        assert!(args("--schema").is_ok());
    }
}
