//! Batches on their way: some at once, each until it has its verdicts.

use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::Context;
use tokio::task::JoinSet;

use super::progress::Progress;
use super::recording::{Batch, Recording};
use super::tally::{Tally, Verdicts};
use crate::client::{Client, Failure, Request};

/// Posts a recording, `connections` batches at once, and adds their verdicts to the tally.
pub(super) async fn post(
    client: &Client,
    recording: Recording,
    connections: usize,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let Recording { length, read, batches } = recording;
    let mut progress = Progress::of(length);
    let begun = Instant::now();
    let mut on_their_way = JoinSet::new();
    let mut logs = 0;
    for batch in batches {
        let batch = batch?;
        tokio::time::sleep_until((begun + batch.due).into()).await;
        if on_their_way.len() >= connections {
            logs += arrived(&mut on_their_way, tally).await?;
            progress.tell(read.load(Ordering::Relaxed), logs);
        }
        on_their_way.spawn(judged(client.clone(), batch));
    }
    while !on_their_way.is_empty() {
        logs += arrived(&mut on_their_way, tally).await?;
        progress.tell(length, logs);
    }
    progress.end();
    Ok(())
}

async fn judged(client: Client, batch: Batch) -> Result<(Verdicts, u64), Failure> {
    let Batch { due: _, lines, body } = batch;
    let verdicts = client.send(&Request::post("/streaming-logs", "application/x-ndjson", body)).await?;
    Ok((verdicts, lines))
}

/// Waits for one batch; returns how many logs it held.
async fn arrived(
    on_their_way: &mut JoinSet<Result<(Verdicts, u64), Failure>>,
    tally: &mut Tally,
) -> anyhow::Result<u64> {
    let arrived = on_their_way.join_next().await.context("no batch is on its way")?;
    let (verdicts, lines) = arrived??;
    tally.add(verdicts);
    Ok(lines)
}
