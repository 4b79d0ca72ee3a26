//! The platform as its users meet it: the real server, a database of its own, real clients.
//!
//! A story begins with a [`Database`], starts one or more [`Platform`]s on it, and talks to them as a [`Client`] or a
//! [`Watcher`]. What the platform says is held against [`assert_figures_are_those_of_the_raw_log`], which counts by
//! itself.

mod answer;
mod client;
mod command;
mod confidential;
mod database;
mod eventually;
mod grafana;
mod live;
mod people;
mod platform;
mod process;
mod raw;
mod raw_log;
mod school;

pub use answer::{Answer, assert_same_figures, item};
pub use client::Client;
pub use command::{Command, Finished, Running};
pub use database::Database;
pub use eventually::eventually;
pub use grafana::{GrafanaQuery, GrafanaView};
pub use live::Watcher;
pub use platform::{Platform, Start, free_address};
pub use process::Process;
pub use raw::{RawAnswer, RawConnection};
pub use raw_log::{
    assert_figures_are_those_of_the_raw_log, assert_figures_are_those_of_these_classrooms, funnel,
};
pub use school::{AIRFLOW, DOCKER, Rejected, Verdicts, log};

/// Tells each story twice: on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => {
        $crate::on_sqlite!($($story),+);
        $crate::on_postgres!($($story),+);
    };
}

/// Tells each story on SQLite.
#[macro_export]
macro_rules! on_sqlite {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story($crate::Database::sqlite()).await;
            })+
        }
    };
}

/// Tells each story on PostgreSQL.
#[macro_export]
macro_rules! on_postgres {
    ($($story:ident),+ $(,)?) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story($crate::Database::postgres().await).await;
            })+
        }
    };
}
