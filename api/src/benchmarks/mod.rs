//! The platform measures itself, from outside: child processes on a database of their own, driven over HTTP.
//!
//! A [`Run`](run::Run) builds a [`Stand`](stand::Stand) (a database, a server on it, simulators that post to it), lets a
//! kind [`measure`] on it, and takes all of it down again. The [`Worker`] of a server runs what `POST /benchmarks` begins,
//! one at a time on all replicas; `edtech-api benchmark` runs the same without a server.

pub mod delete_benchmark;
pub mod get_benchmark;
pub mod get_benchmark_comparison;
pub mod get_benchmark_report;
pub mod get_benchmarks;
pub mod post_benchmarks;

mod benchmark;
mod comparison;
mod kind;
mod markdown;
mod measure;
mod medians;
mod parameters;
mod program;
mod readings;
mod report;
mod resources;
mod row;
mod run;
mod stand;
mod steps;
mod worker;

pub use comparison::Comparison;
pub use kind::Kind;
pub use markdown::{ComparisonPage, ReportPage};
pub use parameters::{Asked, Parameters};
pub use report::Report;
pub use row::Verdict;
pub use run::{Ground, Run};
pub use steps::{Progress, Steps};
pub use worker::{Benchmarks, Worker};
