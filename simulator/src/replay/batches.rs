//! Batches on their way: some at once, each until it has its verdicts.

use std::time::Instant;

use anyhow::Context;
use tokio::task::JoinSet;

use super::recording::{Batch, Recording};
use super::tally::{Tally, Verdicts};
use crate::client::{Client, Request};
use crate::progress::Progress;

/// Batches on their way, and what became of those that arrived.
struct Posting<'a> {
    client: &'a Client,
    tally: &'a mut Tally,
    progress: Progress,
    on_their_way: JoinSet<anyhow::Result<Verdicts>>,
    /// How much of the recording was sent.
    position: u64,
}

/// Posts a recording, `connections` batches at once, and adds their verdicts to the tally.
pub(super) async fn post(
    client: &Client,
    recording: Recording,
    connections: usize,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let progress = Progress::of(recording.length);
    let mut posting = Posting { client, tally, progress, on_their_way: JoinSet::new(), position: 0 };
    let begun = Instant::now();
    for batch in recording.batches {
        match batch {
            Ok(batch) => posting.send(batch, begun, connections).await?,
            Err(fault) => {
                // What is on its way counts, also where the rest of the file is lost.
                posting.settle().await?;
                return Err(fault.context(format!("{} logs were posted", posting.tally.logs())));
            }
        }
    }
    posting.settle().await
}

impl Posting<'_> {
    /// Sends a batch once it is due and there is room for it.
    async fn send(&mut self, batch: Batch, begun: Instant, connections: usize) -> anyhow::Result<()> {
        let due = (begun + batch.due).into();
        while self.on_their_way.len() >= connections || tokio::time::Instant::now() < due {
            tokio::select! {
                Some(arrived) = self.on_their_way.join_next() => self.note(arrived)?,
                () = tokio::time::sleep_until(due), if self.on_their_way.len() < connections => {}
            }
        }
        self.position = batch.position;
        self.on_their_way.spawn(judged(self.client.clone(), batch));
        Ok(())
    }

    /// Waits for everything that is on its way.
    async fn settle(&mut self) -> anyhow::Result<()> {
        while let Some(arrived) = self.on_their_way.join_next().await {
            self.note(arrived)?;
        }
        Ok(())
    }

    fn note(
        &mut self,
        arrived: Result<anyhow::Result<Verdicts>, tokio::task::JoinError>,
    ) -> anyhow::Result<()> {
        self.tally.add(arrived.context("a batch was lost")??);
        self.progress.tell(self.position, || format!("{} logs", self.tally.logs()));
        Ok(())
    }
}

async fn judged(client: Client, batch: Batch) -> anyhow::Result<Verdicts> {
    let Batch { due: _, lines, body, position: _ } = batch;
    let request = Request::post("/streaming-logs", "application/x-ndjson", body);
    let verdicts: Verdicts = client.send(&request).await?;
    // A log without a verdict would be lost in silence.
    anyhow::ensure!(verdicts.logs() == lines, "the server judged {} of {lines} logs", verdicts.logs());
    Ok(verdicts)
}
