//! The kinds: what each does on its stand, and what it says of that.

mod capacity;
mod connections;
mod daily_report;
mod dashboard;
mod full;
mod ingestion;
mod posting;
mod queries;
mod scaling;

use super::kind::Kind;
use super::parameters::Parameters;
use super::report::Section;
use super::stand::Stand;
use super::steps::Steps;

/// What a measurement has at hand.
pub(super) struct Bench<'b> {
    pub(super) stand: &'b mut Stand,
    pub(super) parameters: &'b Parameters,
    pub(super) steps: &'b mut Steps,
}

/// How many steps a kind takes.
pub(super) fn steps(kind: Kind, parameters: &Parameters) -> u32 {
    let levels = scaling::levels(parameters.replicas).len() as u32;
    match kind {
        Kind::Ingestion => 1,
        Kind::Queries => 3,
        Kind::Dashboard | Kind::DailyReport => 2,
        Kind::Scaling => 2 * levels,
        Kind::Connections => connections::STEPS,
        Kind::Capacity => capacity::STEPS,
        Kind::Full => {
            let others = [Kind::Ingestion, Kind::Queries, Kind::Dashboard, Kind::DailyReport, Kind::Scaling];
            let others = others.map(|kind| steps(kind, parameters)).iter().sum::<u32>();
            others + connections::STEPS + capacity::STEPS
        }
    }
}

/// Measures a kind.
pub(super) async fn measure(kind: Kind, bench: &mut Bench<'_>) -> anyhow::Result<Vec<Section>> {
    Ok(match kind {
        Kind::Ingestion => vec![ingestion::measure(bench).await?],
        Kind::Queries => vec![queries::measure(bench).await?],
        Kind::Dashboard => vec![dashboard::measure(bench).await?],
        Kind::DailyReport => vec![daily_report::measure(bench).await?],
        Kind::Scaling => vec![scaling::measure(bench).await?],
        Kind::Connections => vec![connections::measure(bench).await?],
        Kind::Capacity => vec![capacity::measure(bench).await?],
        Kind::Full => Box::pin(full::measure(bench)).await?,
    })
}

/// What can be said once every figure is there.
pub(super) fn concluded(kind: Kind, mut sections: Vec<Section>) -> Vec<Section> {
    if kind == Kind::Full {
        sections.push(full::summary(&sections));
    }
    sections
}
