//! The recorded log: lines of a file, plain or gzip, in batches.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use flate2::bufread::MultiGzDecoder;
use serde::Deserialize;

/// Some lines, and when they are due.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// After the start of the replay.
    pub(super) due: Duration,
    pub(super) lines: u64,
    pub(super) body: Vec<u8>,
}

/// A recording that is being read.
pub(super) struct Recording {
    /// The file's bytes, to tell the progress by.
    pub(super) length: u64,
    /// Those that were read so far.
    pub(super) read: Arc<AtomicU64>,
    pub(super) batches: Box<dyn Iterator<Item = anyhow::Result<Batch>> + Send>,
}

/// In scaled time, logs that are due within this time of each other go together.
const TOGETHER: Duration = Duration::from_millis(100);

/// How a gzip file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

impl Recording {
    /// Opens a recording in batches of at most `size` lines, each due at once, or at its time where `speed` is given.
    pub(super) fn open(path: &Path, size: usize, speed: Option<f64>) -> anyhow::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let read = Arc::default();
        let lines = lines(file, Arc::clone(&read))?;
        let batches: Box<dyn Iterator<Item = _> + Send> = match speed {
            None => Box::new(at_once(lines, size)),
            Some(speed) => Box::new(in_scaled_time(lines, size, speed)?.into_iter().map(Ok)),
        };
        Ok(Self { length, read, batches })
    }
}

/// A file that knows how far it was read.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.file.read(into)?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// Lines that are not blank.
fn lines(
    file: File,
    read: Arc<AtomicU64>,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Vec<u8>>> + Send + use<>> {
    let mut file = BufReader::new(Counted { file, read });
    let is_gzip = file.fill_buf()?.starts_with(&GZIP);
    let plain: Box<dyn BufRead + Send> =
        if is_gzip { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
    let lines = plain.split(b'\n').enumerate().map(|(number, line)| {
        line.with_context(|| format!("line {} cannot be read: the file is damaged or cut off", number + 1))
    });
    Ok(lines.filter(|line| line.as_ref().map_or(true, |line| !line.trim_ascii().is_empty())))
}

fn at_once(
    mut lines: impl Iterator<Item = anyhow::Result<Vec<u8>>>,
    size: usize,
) -> impl Iterator<Item = anyhow::Result<Batch>> {
    std::iter::from_fn(move || {
        let some: anyhow::Result<Vec<Vec<u8>>> = lines.by_ref().take(size).collect();
        match some {
            Ok(some) if some.is_empty() => None,
            some => Some(some.map(|some| Batch::of(Duration::ZERO, some))),
        }
    })
}

#[derive(Deserialize)]
struct Dated {
    event_timestamp: DateTime<Utc>,
}

fn in_scaled_time(
    lines: impl Iterator<Item = anyhow::Result<Vec<u8>>>,
    size: usize,
    speed: f64,
) -> anyhow::Result<Vec<Batch>> {
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
    let mut batches: Vec<(Duration, Vec<Vec<u8>>)> = Vec::new();
    for (at, line) in logs {
        let due = (at - first).to_std().unwrap_or_default().div_f64(speed);
        match batches.last_mut() {
            Some((begun, some)) if some.len() < size && due - *begun < TOGETHER => some.push(line),
            _ => batches.push((due, vec![line])),
        }
    }
    Ok(batches.into_iter().map(|(due, some)| Batch::of(due, some)).collect())
}

impl Batch {
    fn of(due: Duration, lines: Vec<Vec<u8>>) -> Self {
        Self { due, lines: lines.len() as u64, body: lines.join(&b'\n') }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// What a file of these bytes is replayed as: for each batch its due time in ms and its lines.
    fn batches(
        name: &str,
        bytes: &[u8],
        size: usize,
        speed: Option<f64>,
    ) -> anyhow::Result<Vec<(u128, String)>> {
        let path = std::env::temp_dir().join(format!("edtech-recording-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes)?;
        let recording = Recording::open(&path, size, speed)?;
        let batches: anyhow::Result<Vec<Batch>> = recording.batches.collect();
        std::fs::remove_file(path)?;
        Ok(batches?.into_iter().map(|it| (it.due.as_millis(), String::from_utf8(it.body).unwrap())).collect())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn lines_come_in_batches_and_blank_ones_not_at_all() {
        let expected = vec![(0, "a\nb".to_owned()), (0, "c".to_owned())];
        assert_eq!(batches("plain", b"a\n\nb\n \nc", 2, None).unwrap(), expected);
        assert_eq!(batches("gzip", &gzip(b"a\nb\nc\n"), 2, None).unwrap(), expected);
        assert_eq!(batches("empty", b"", 2, None).unwrap(), []);
    }

    #[test]
    fn a_file_that_was_cut_off_is_an_error() {
        let whole = gzip(&b"line\n".repeat(1000));
        let error = batches("cut", &whole[..whole.len() - 6], 2000, None).unwrap_err();
        assert!(error.to_string().contains("cut off"), "{error}");
    }

    #[test]
    fn scaled_time_keeps_the_order_and_the_distances() {
        let log = |second: u32| format!(r#"{{"event_timestamp": "2026-01-31T09:30:{second:02}Z"}}"#);
        let recording = [log(30), log(0), log(1)].join("\n");
        let expected = vec![(0, [log(0), log(1)].join("\n")), (1_000, log(30))];
        assert_eq!(batches("scaled", recording.as_bytes(), 9, Some(30.0)).unwrap(), expected);
        assert!(batches("undated", b"{}", 9, Some(1.0)).is_err());
    }
}
