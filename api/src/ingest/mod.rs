//! 1. Received: requests become submissions, submissions become groups, groups become transactions.

pub mod get_rejected_logs;
pub mod get_streaming_logs;
pub mod post_rejected_logs_replay;
pub mod post_streaming_logs;

mod fields;
mod intake;
mod items;
mod latency;
mod learner_refs;
mod parse;
mod queue;
mod verdicts;
mod writer;

pub use get_rejected_logs::*;
pub use get_streaming_logs::*;
pub use intake::Intake;
pub use latency::LatencyPercentiles;
pub use post_rejected_logs_replay::*;
pub use post_streaming_logs::*;
pub use writer::Writer;
