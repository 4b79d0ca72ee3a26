//! The recorded log in batches, each due at its time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::lines::Lines;

/// Some lines, and when they are due.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// After the start of the replay.
    pub(super) due: Duration,
    pub(super) lines: u64,
    pub(super) body: Vec<u8>,
    /// How much of the recording's `length` is behind it.
    pub(super) position: u64,
}

/// A recording that is being read.
pub(super) struct Recording {
    /// What progress is measured by: the file's bytes, or milliseconds where it is replayed in scaled time.
    pub(super) length: u64,
    pub(super) batches: Box<dyn Iterator<Item = anyhow::Result<Batch>> + Send>,
}

/// In scaled time, logs that are due within this time of each other go together.
const TOGETHER: Duration = Duration::from_millis(100);

/// The most bytes in one request, however few lines they are; the server takes 8 MiB.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

impl Recording {
    /// Opens a recording in batches of at most `size` lines, each due at once, or at its time where `speed` is given.
    pub(super) fn open(path: &Path, size: u32, speed: Option<f64>) -> anyhow::Result<Self> {
        let read = Arc::new(AtomicU64::new(0));
        let lines = Lines::open(path, Arc::clone(&read))?;
        if let Some(speed) = speed {
            let batches = in_scaled_time(lines, size, speed)?;
            let length = batches.last().map_or(0, |batch| batch.position);
            return Ok(Self { length, batches: Box::new(batches.into_iter().map(Ok)) });
        }
        let length = std::fs::metadata(path)?.len();
        let position = move |batch| Batch { position: read.load(Ordering::Relaxed), ..batch };
        Ok(Self { length, batches: Box::new(at_once(lines, size).map(move |batch| batch.map(&position))) })
    }
}

/// What the server knows a log by when it comes again.
#[derive(Deserialize)]
struct Named {
    log_id: Option<IgnoredAny>,
    event_timestamp: Option<IgnoredAny>,
}

/// Whether a log that is sent twice counts once. What is no log at all is for the server to refuse.
fn is_known_again(line: &[u8]) -> bool {
    serde_json::from_slice::<Named>(line)
        .map_or(true, |log| log.log_id.is_some() || log.event_timestamp.is_some())
}

fn at_once(lines: Lines, size: u32) -> impl Iterator<Item = anyhow::Result<Batch>> + Send {
    let known_again = |(number, line): (usize, anyhow::Result<Vec<u8>>)| {
        let line = line?;
        anyhow::ensure!(
            is_known_again(&line),
            "log {} has neither a log_id nor an event_timestamp: each time it is sent it would be another one",
            number + 1
        );
        Ok(line)
    };
    let mut lines = lines.enumerate().map(known_again).peekable();
    std::iter::from_fn(move || {
        let mut batch = Batch::default();
        let fits = |line: &anyhow::Result<Vec<u8>>, batch: &Batch| match line {
            Ok(line) => batch.has_room_for(line, size),
            // What was read so far is posted first.
            Err(_) => batch.lines == 0,
        };
        while let Some(line) = lines.next_if(|line| fits(line, &batch)) {
            match line {
                Ok(line) => batch.push(&line),
                Err(error) => return Some(Err(error)),
            }
        }
        (batch.lines > 0).then_some(Ok(batch))
    })
}

#[derive(Deserialize)]
struct Dated {
    event_timestamp: DateTime<Utc>,
}

fn in_scaled_time(lines: Lines, size: u32, speed: f64) -> anyhow::Result<Vec<Batch>> {
    let dated = |(number, line): (usize, anyhow::Result<Vec<u8>>)| {
        let line = line?;
        let Dated { event_timestamp } = serde_json::from_slice(&line)
            .with_context(|| format!("log {} has no event_timestamp to be replayed by", number + 1))?;
        Ok((event_timestamp, line))
    };
    let mut logs: Vec<(DateTime<Utc>, Vec<u8>)> =
        lines.enumerate().map(dated).collect::<anyhow::Result<_>>()?;
    logs.sort_by_key(|&(at, _)| at);
    let Some(&(first, _)) = logs.first() else { return Ok(Vec::new()) };
    let mut batches: Vec<Batch> = Vec::new();
    for (at, line) in logs {
        let due = (at - first).to_std().unwrap_or_default().div_f64(speed);
        match batches.last_mut() {
            Some(batch) if batch.has_room_for(&line, size) && due - batch.due < TOGETHER => batch.push(&line),
            _ => {
                let mut batch = Batch { due, position: due.as_millis() as u64, ..Batch::default() };
                batch.push(&line);
                batches.push(batch);
            }
        }
    }
    Ok(batches)
}

impl Batch {
    fn has_room_for(&self, line: &[u8], size: u32) -> bool {
        self.lines < size.into() && self.body.len() + line.len() < BATCH_BYTES
    }

    fn push(&mut self, line: &[u8]) {
        if self.lines > 0 {
            self.body.push(b'\n');
        }
        self.body.extend_from_slice(line);
        self.lines += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(name: &str, text: &str, size: u32, speed: Option<f64>) -> anyhow::Result<Recording> {
        let path = std::env::temp_dir().join(format!("edtech-recording-{}-{name}", std::process::id()));
        std::fs::write(&path, text)?;
        let recording = Recording::open(&path, size, speed);
        std::fs::remove_file(path)?;
        recording
    }

    /// For each batch its due time in ms and its lines.
    fn batches(recording: anyhow::Result<Recording>) -> anyhow::Result<Vec<(u128, String)>> {
        let batches: anyhow::Result<Vec<Batch>> = recording?.batches.collect();
        Ok(batches?.into_iter().map(|it| (it.due.as_millis(), String::from_utf8(it.body).unwrap())).collect())
    }

    #[test]
    fn lines_come_in_batches() {
        let expected = [(0, "a\nb".to_owned()), (0, "c".to_owned())];
        assert_eq!(batches(recording("plain", "a\n\nb\n \nc", 2, None)).unwrap(), expected);
        assert_eq!(batches(recording("none", "", 2, None)).unwrap(), []);
    }

    #[test]
    fn what_would_be_stored_twice_when_it_is_sent_again_is_not_sent() {
        let text = r#"{"log_id": 1}
{"event_timestamp": 1}
no log
{"log_id": null, "student": "ada"}"#;
        let mut batches = recording("nameless", text, 9, None).unwrap().batches;
        assert_eq!(batches.next().unwrap().unwrap().lines, 3);
        assert!(batches.next().unwrap().unwrap_err().to_string().starts_with("log 4 has neither"));
    }

    #[test]
    fn a_batch_of_long_lines_holds_fewer_of_them() {
        let line = "a".repeat(1024 * 1024 - 1);
        let text = [line.as_str(); 9].join("\n");
        let recording = recording("long", &text, 1_000, None).unwrap();
        let batches: Vec<Batch> = recording.batches.collect::<anyhow::Result<_>>().unwrap();
        assert_eq!(batches.iter().map(|batch| batch.lines).collect::<Vec<_>>(), [4, 4, 1]);
        assert!(batches.iter().all(|batch| batch.body.len() <= BATCH_BYTES));
        assert_eq!(batches[2].position, recording.length);
    }

    #[test]
    fn what_comes_before_a_fault_is_a_batch_of_its_own() {
        let text = ["good", "a".repeat(2 * 1024 * 1024).as_str()].join("\n");
        let mut batches = recording("fault", &text, 1_000, None).unwrap().batches;
        assert_eq!(batches.next().unwrap().unwrap().body, b"good");
        assert!(batches.next().unwrap().is_err());
    }

    #[test]
    fn scaled_time_keeps_the_order_and_the_distances() {
        let log = |second: u32| format!(r#"{{"event_timestamp": "2026-01-31T09:30:{second:02}Z"}}"#);
        let text = [log(30), log(0), log(1)].join("\n");
        let scaled = recording("scaled", &text, 9, Some(30.0));
        assert_eq!(scaled.as_ref().map(|recording| recording.length).unwrap(), 1_000);
        let expected = [(0, [log(0), log(1)].join("\n")), (1_000, log(30))];
        assert_eq!(batches(scaled).unwrap(), expected);
        assert!(recording("undated", "{}", 9, Some(1.0)).is_err());
    }

    #[test]
    fn the_slowest_replay_of_the_longest_recording_has_a_time() {
        let text = ["-262000-01-01", "+262000-01-01"]
            .map(|day| format!(r#"{{"event_timestamp": "{day}T00:00:00Z"}}"#))
            .join("\n");
        let batches = batches(recording("ages", &text, 9, Some(super::super::SLOWEST))).unwrap();
        assert_eq!(batches.len(), 2);
    }
}
