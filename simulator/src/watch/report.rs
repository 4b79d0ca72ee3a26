//! How soon dashboards were there, and how soon they showed what was stored.

use std::fmt::Display;
use std::time::Duration;

use serde::{Serialize, Serializer};
use tokio::time::Instant;

use super::dashboard::{Dashboard, Seen};
use crate::latency::Latencies;

/// A frame may be faster than the answer to the log that it counts, but not by this much.
const TOO_EARLY: Duration = Duration::from_millis(100);

/// The measurement, as a program reads it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    dashboards: usize,
    logs: u32,
    #[serde(serialize_with = "percentiles")]
    first_byte_ms: Latencies,
    #[serde(serialize_with = "percentiles")]
    first_snapshot_ms: Latencies,
    /// From the answer that a log is stored to the frame that counts it.
    #[serde(serialize_with = "percentiles")]
    commit_to_frame_ms: Latencies,
    /// Frames that were read, beside the first of each dashboard.
    frames: u64,
    /// Dashboards whose socket the server ended.
    closed: u64,
    /// Logs that a dashboard did not show in time, over all dashboards.
    unseen: u64,
    #[serde(skip)]
    earliest: Duration,
}

impl Report {
    /// Of dashboards that have just been opened.
    pub(super) fn of(dashboards: &[Dashboard], logs: u32) -> Self {
        let mut report = Self::new(dashboards.len(), logs);
        for dashboard in dashboards {
            report.first_byte_ms.record(dashboard.first_byte);
            report.first_snapshot_ms.record(dashboard.first_snapshot);
        }
        report
    }

    fn new(dashboards: usize, logs: u32) -> Self {
        Self {
            dashboards,
            logs,
            first_byte_ms: Latencies::new(),
            first_snapshot_ms: Latencies::new(),
            commit_to_frame_ms: Latencies::new(),
            frames: 0,
            closed: 0,
            unseen: 0,
            earliest: Duration::ZERO,
        }
    }

    /// Notes what a dashboard saw of logs that were stored at these moments.
    pub(super) fn note(&mut self, seen: &Seen, stored: &[Instant]) {
        let Seen { counts, frames, is_closed } = seen;
        self.frames += frames;
        self.closed += u64::from(*is_closed);
        let mut counts = counts.iter().peekable();
        for (logs, &stored) in (1..).zip(stored) {
            while counts.next_if(|&&(_, count)| count < logs).is_some() {}
            match counts.peek() {
                Some(&&(at, _)) => {
                    self.commit_to_frame_ms.record(at.saturating_duration_since(stored));
                    self.earliest = self.earliest.max(stored.saturating_duration_since(at));
                }
                None => self.unseen += 1,
            }
        }
    }

    /// Whether every dashboard saw every log.
    pub(super) fn is_clean(&self) -> bool {
        self.unseen == 0 && self.closed == 0
    }

    /// Whether logs of somebody else must have been counted.
    pub(super) fn others_post(&self) -> bool {
        self.earliest > TOO_EARLY
    }
}

fn percentiles<S: Serializer>(latencies: &Latencies, serializer: S) -> Result<S::Ok, S::Error> {
    latencies.percentiles().serialize(serializer)
}

impl Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { dashboards, logs, frames, closed, unseen, .. } = self;
        writeln!(f, "{dashboards} dashboards, {logs} logs; milliseconds")?;
        writeln!(f, "first byte       {}", self.first_byte_ms.percentiles())?;
        writeln!(f, "first snapshot   {}", self.first_snapshot_ms.percentiles())?;
        writeln!(f, "commit to frame  {}", self.commit_to_frame_ms.percentiles())?;
        write!(
            f,
            "{frames} frames read, {closed} sockets closed by the server, {unseen} logs not shown in time"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report of one dashboard that read these counts at these milliseconds; logs were stored at 0, 250, 500.
    fn report(counts: &[(u64, i64)], is_closed: bool) -> Report {
        let begun = Instant::now();
        let at = |milliseconds| begun + Duration::from_millis(milliseconds);
        let counts = counts.iter().map(|&(milliseconds, count)| (at(milliseconds), count)).collect();
        let mut report = Report::new(1, 3);
        report.note(&Seen { counts, frames: 4, is_closed }, &[at(0), at(250), at(500)]);
        report
    }

    #[tokio::test]
    async fn a_log_is_seen_with_the_first_frame_that_counts_it() {
        let report = report(&[(40, 1), (530, 3)], false);
        let told = serde_json::to_value(&report).unwrap();
        // 40, 280 and 30 ms: one frame told of two logs.
        for (figure, expected) in [("p50", 40.0), ("max", 280.0)] {
            let measured = told["commit_to_frame_ms"][figure].as_f64().unwrap();
            assert!((measured - expected).abs() < 0.5, "{told}");
        }
        assert_eq!((&told["frames"], &told["closed"], &told["unseen"]), (&4.into(), &0.into(), &0.into()));
        assert!(report.is_clean() && !report.others_post() && told.get("earliest").is_none());
    }

    #[tokio::test]
    async fn what_is_not_seen_or_cut_off_is_told() {
        let unseen = report(&[(40, 1)], true);
        assert_eq!((unseen.unseen, unseen.closed), (2, 1));
        assert!(!unseen.is_clean());
    }

    #[tokio::test]
    async fn a_frame_may_be_faster_than_the_answer_but_not_by_much() {
        let faster = report(&[(0, 1), (245, 2), (499, 3)], false);
        assert!(faster.is_clean() && !faster.others_post());
        assert_eq!(faster.commit_to_frame_ms.percentiles().max, 0.0);
        assert!(report(&[(10, 40)], false).others_post());
    }
}
