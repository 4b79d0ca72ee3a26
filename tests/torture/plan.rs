//! What to run, and how: the command line.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::faults;
use crate::ground::Kind;

const USAGE: &str = "\
Has everything happen to the platform that may happen to it, and judges what it promises then.

Usage: edtech-torture [OPTIONS] [FAULT …]

  --long             more often and for longer, five hours in all; without it nine minutes
  --seed N           the draws of an earlier run, which it printed first
  --database NAME    sqlite, postgres or both, which is the default
  --minutes N        how long the steady load goes on; 1, or 120 with --long
  --help             this text

PostgreSQL is started and killed by itself, and filling a disk takes root. Without a name every fault happens:";

/// What to run, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Draws everything that is drawn.
    pub seed: u64,
    /// Whether the numbers are those of the promise, or fewer.
    pub long: bool,
    /// On which databases.
    pub databases: Vec<Kind>,
    /// How long the steady load goes on, where that is not left to the form.
    pub minutes: Option<u64>,
    names: Vec<String>,
}

impl Plan {
    /// Of the arguments; or what is wrong with them.
    pub fn of(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut plan = Self {
            seed: rand::random_range(0..1_000_000_000),
            long: false,
            databases: vec![Kind::Sqlite, Kind::Postgres],
            minutes: None,
            names: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
            match argument.as_str() {
                "--long" => plan.long = true,
                "--seed" => plan.seed = number(&argument, &value()?)?,
                "--minutes" => plan.minutes = Some(number(&argument, &value()?)?),
                "--database" => plan.databases = databases(&value()?)?,
                name => plan.names.push(known(name)?),
            }
        }
        Ok(plan)
    }

    /// Whether this fault is to be run.
    pub fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }

    /// The number of the short form, or that of the long one.
    pub fn either<T>(&self, short: T, long: T) -> T {
        if self.long { long } else { short }
    }

    /// Draws of one's own: the same for one seed and one name.
    pub fn draws(&self, name: &str) -> StdRng {
        let of_name = name.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        StdRng::seed_from_u64(self.seed ^ of_name.rotate_left(32))
    }

    /// How long the steady load goes on.
    pub fn steady(&self) -> Duration {
        let minutes = self.minutes.unwrap_or(self.either(1, 120));
        Duration::from_secs(minutes * 60)
    }
}

/// How the command is used.
pub fn usage() -> String {
    format!("{USAGE} {}.", names().join(", "))
}

fn number(argument: &str, text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{argument} wants a number, and {text} is none"))
}

fn databases(text: &str) -> Result<Vec<Kind>, String> {
    match text {
        "sqlite" => Ok(vec![Kind::Sqlite]),
        "postgres" => Ok(vec![Kind::Postgres]),
        "both" => Ok(vec![Kind::Sqlite, Kind::Postgres]),
        _ => Err(format!("--database is sqlite, postgres or both, and not {text}")),
    }
}

fn known(name: &str) -> Result<String, String> {
    let names = names();
    if names.contains(&name) {
        return Ok(name.to_owned());
    }
    Err(format!("no fault is called {name}; there are {}", names.join(", ")))
}

fn names() -> Vec<&'static str> {
    faults::ALL.iter().map(|fault| fault.name).collect()
}
