//! Every fault on one screen, by its number in the promise (docs/OPERATIONS.md).

use std::pin::Pin;

use crate::ground::Kind::{self, Postgres, Sqlite};
use crate::plan::Plan;
use crate::report::Outcome;

mod away;
mod clocks;
mod disk;
mod flushes;
mod judge;
mod kills;
mod panics;
mod readers;
mod replies;
mod roster;
mod same_ids;
mod slow_clients;
mod starts;
mod steady;
mod stops;

/// A fault while it happens.
pub type Happening = Pin<Box<dyn Future<Output = Outcome>>>;

/// Something bad that happens to a platform.
pub struct Fault {
    /// Which one of the list.
    pub number: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// On which databases it can happen.
    pub on: &'static [Kind],
    /// Has it happen.
    pub run: fn(Kind, Plan) -> Happening,
}

macro_rules! faults {
    ($($number:literal $name:ident on $on:expr),+ $(,)?) => {
        /// In the order of the promise.
        pub const ALL: &[Fault] = &[$(Fault {
            number: $number,
            name: stringify!($name),
            on: &$on,
            run: |kind, plan| Box::pin($name::run(kind, plan)),
        }),+];
    };
}

faults! {
    "0" judge on [Sqlite, Postgres],
    "1" kills on [Sqlite, Postgres],
    "2" away on [Sqlite, Postgres],
    "3" replies on [Sqlite, Postgres],
    "4" same_ids on [Sqlite, Postgres],
    "5" disk on [Sqlite, Postgres],
    "6" stops on [Sqlite, Postgres],
    "7" starts on [Sqlite, Postgres],
    "8" readers on [Sqlite, Postgres],
    "9" slow_clients on [Sqlite, Postgres],
    "10" clocks on [Sqlite, Postgres],
    "11" panics on [Sqlite, Postgres],
    "12" roster on [Sqlite, Postgres],
    "13" steady on [Sqlite, Postgres],
    "flush" flushes on [Sqlite, Postgres],
}
