//! How soon a dashboard is there, and sees what was committed.

use super::Bench;
use crate::benchmarks::readings::{Latency, WatchReading};
use crate::benchmarks::report::Section;
use crate::benchmarks::resources::Part;
use crate::benchmarks::row::{Row, Unit};

/// What the original asked of its dashboard, in milliseconds.
const MOST_MS: f64 = 2_000.0;

/// Logs that are posted while dashboards watch.
const LOGS: &str = "20";

pub(super) async fn measure(bench: &mut Bench<'_>) -> anyhow::Result<Section> {
    let (logs, dashboards) = (bench.parameters.logs, bench.parameters.dashboards);
    bench.steps.next(format!("{logs} logs are stored"));
    bench.stand.fill(logs).await?;
    bench.steps.next(format!("{dashboards} dashboards"));
    let arguments = ["watch", "--dashboards", &dashboards.to_string(), "--logs", LOGS].map(str::to_owned);
    let program = bench.stand.simulator(arguments)?;
    let watched = bench.stand.watched().with(Part::Simulators, program.process());
    let (reading, usage) = watched.during(program.reading::<WatchReading>()).await?;
    let section = Section::new("dashboard", "Dashboard").note(format!(
        "{dashboards} dashboards that are opened at once over {logs} logs: the page, then the live socket with its first snapshot. Then \
         {LOGS} logs are posted one by one; commit to frame counts from the 201 of a log to the frame that counts it, on each \
         dashboard. What a browser takes to paint is not part of it."
    ));
    let count = |name, label, value: u64| Row::new(name, label, Some(value as f64), Unit::Count).at_most(0.0);
    let mut rows = Vec::new();
    rows.extend(latency("first_byte", "First byte of the page", reading.first_byte_ms));
    rows.extend(latency("first_snapshot", "First snapshot of the figures", reading.first_snapshot_ms));
    rows.extend(latency("commit_to_frame", "Commit to frame", reading.commit_to_frame_ms));
    let load = reading.first_byte_ms.p50 + reading.first_snapshot_ms.p50;
    let load = Row::milliseconds("load", "Page and figures", load).at_most(MOST_MS).original("1.2 s");
    rows.insert(0, load);
    rows.push(count("unseen", "Logs that a dashboard never saw", reading.unseen));
    rows.push(count("closed", "Sockets that were closed", reading.closed));
    rows.extend(usage.rows("", "", 1));
    Ok(section.rows(rows))
}

fn latency(name: &str, label: &str, Latency { p50, p99, .. }: Latency) -> [Row; 2] {
    [("p50", p50), ("p99", p99)].map(|(quantile, value)| {
        Row::milliseconds(format!("{name}_{quantile}"), format!("{label}, {quantile}"), value)
            .at_most(MOST_MS)
    })
}
