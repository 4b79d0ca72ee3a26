//! Rosters: CSV files, posted in parts that each repeat the header row.

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use super::tally::RosterTally;
use crate::client::{Client, Request};
use crate::console;

/// Rows in one request.
const AT_ONCE: usize = 5_000;

#[derive(Deserialize)]
struct Verdicts {
    created: u64,
    updated: u64,
    unchanged: u64,
    rejected: Vec<RejectedRow>,
}

#[derive(Deserialize)]
struct RejectedRow {
    index: usize,
    code: String,
    reason: String,
}

/// Posts a roster; a row that is rejected is named, and the others go on.
pub(super) async fn post(client: &Client, path: &str, file: &Path) -> anyhow::Result<RosterTally> {
    let parts = parts(&std::fs::read(file).with_context(|| file.display().to_string())?, AT_ONCE)
        .with_context(|| format!("{} is no CSV", file.display()))?;
    let mut tally = RosterTally::default();
    for (number, part) in parts.into_iter().enumerate() {
        let verdicts: Verdicts = client
            .send(&Request::post(path, "text/csv", part))
            .await
            .with_context(|| format!("{} was not taken", file.display()))?;
        tally.created += verdicts.created;
        tally.updated += verdicts.updated;
        tally.unchanged += verdicts.unchanged;
        tally.rejected += verdicts.rejected.len() as u64;
        for RejectedRow { index, code, reason } in verdicts.rejected {
            let row = number * AT_ONCE + index + 1;
            console::complain(&format!("{}, row {row}: {code}: {reason}", file.display()));
        }
    }
    Ok(tally)
}

fn parts(csv: &[u8], rows: usize) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut reader = csv::Reader::from_reader(csv);
    let header = reader.byte_headers()?.clone();
    let records: Vec<csv::ByteRecord> = reader.byte_records().collect::<Result<_, _>>()?;
    let part = |rows: &[csv::ByteRecord]| {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for record in std::iter::once(&header).chain(rows) {
            writer.write_byte_record(record)?;
        }
        Ok(writer.into_inner()?)
    };
    records.chunks(rows).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_repeats_the_header_and_cells_survive() {
        let csv = "external_id,name\n1,\"Lovelace, Ada\"\n2,\"a\nb\"\n3,c\n";
        let parts: Vec<String> = parts(csv.as_bytes(), 2)
            .unwrap()
            .into_iter()
            .map(|part| String::from_utf8(part).unwrap())
            .collect();
        assert_eq!(parts, ["external_id,name\n1,\"Lovelace, Ada\"\n2,\"a\nb\"\n", "external_id,name\n3,c\n"]);
    }

    #[test]
    fn rows_of_different_lengths_are_an_error() {
        assert!(parts(b"a,b\n1\n", 2).is_err());
        assert!(parts(b"a,b\n", 2).unwrap().is_empty());
    }
}
