//! All of it, as one document, in the original's order.

use super::{Bench, capacity, connections, daily_report, dashboard, ingestion, queries, scaling};
use crate::benchmarks::parameters::Parameters;
use crate::benchmarks::report::Section;
use crate::benchmarks::row::{Row, Unit, Verdict};

/// Replicas of the simulator that the original ingested from.
const ORIGINAL_REPLICAS: u32 = 2;

pub(super) async fn measure(bench: &mut Bench<'_>) -> anyhow::Result<Vec<Section>> {
    let mut sections = vec![
        as_it_began(bench).await?,
        queries::measure(bench).await?,
        dashboard::measure(bench).await?,
        daily_report::measure(bench).await?,
        scaling::measure(bench).await?,
        connections::measure(bench).await?,
        capacity::measure(bench).await?,
    ];
    sections.push(resources(&sections));
    Ok(sections)
}

/// On an empty database, with as many replicas as the original had; scaling has them all.
async fn as_it_began(bench: &mut Bench<'_>) -> anyhow::Result<Section> {
    let replicas = bench.parameters.replicas.min(ORIGINAL_REPLICAS);
    let parameters = Parameters { replicas, ..bench.parameters.clone() };
    let mut bench = Bench { stand: bench.stand, parameters: &parameters, steps: bench.steps };
    ingestion::measure(&mut bench).await
}

/// The costs that the other sections name, side by side: at rest the least, at full load the most.
fn resources(sections: &[Section]) -> Section {
    let is_cost = |row: &&Row| matches!(row.unit, Unit::Cores | Unit::Megabytes);
    let rows = sections
        .iter()
        .filter(|section| matches!(section.name.as_str(), "ingestion" | "dashboard" | "capacity"));
    let rows = rows.flat_map(|section| {
        section.rows.iter().filter(is_cost).map(|row| Row {
            name: format!("{}_{}", section.name, row.name),
            label: format!("{} ({})", row.label, section.title.to_lowercase()),
            ..row.clone()
        })
    });
    let note = "Cores are an average over the measurement, memory the most at one look, without what processes share. They are looked \
                up in the system where the processes run; of a database on another machine they are not measured.";
    Section::new("resources", "Resources").note(note).rows(rows.collect::<Vec<_>>())
}

/// How many figures of each section are what they have to be.
pub(super) fn summary(sections: &[Section]) -> Section {
    let rows = sections.iter().filter_map(|section| {
        let judged = section.rows.iter().filter(|row| row.verdict.is_some()).count();
        let failed = section.rows.iter().filter(|row| row.verdict == Some(Verdict::Failed)).count();
        let row = Row::new(section.name.clone(), section.title.clone(), Some(failed as f64), Unit::Count)
            .at_most(0.0);
        (judged > 0).then(|| Row { text: format!("{} of {judged} figures hold", judged - failed), ..row })
    });
    Section::new("summary", "Summary").rows(rows.collect::<Vec<_>>())
}
