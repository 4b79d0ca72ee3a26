//! 3a. Pulled: what was counted, for whoever asks. Each answer is one statement, so its figures are of one moment.

pub mod get_classrooms;
pub mod get_daily;
pub mod get_daily_report;
pub mod get_engagement;
pub mod get_lesson_progress;
pub mod get_lessons;
pub mod get_timeseries;
pub mod put_daily_report;
pub mod report;

mod buckets;
mod range;
mod whole_platform;
