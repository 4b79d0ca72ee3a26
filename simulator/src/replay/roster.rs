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
    pointer: Option<String>,
}

/// Posts a roster; a row that is rejected is named, and the others go on.
pub(super) async fn post(client: &Client, path: &'static str, file: &Path) -> anyhow::Result<RosterTally> {
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
        for RejectedRow { index, code, reason, pointer } in verdicts.rejected {
            let row = number * AT_ONCE + index + 1;
            let place = pointer.map(|pointer| format!(" {pointer}")).unwrap_or_default();
            console::complain(&format!("{}, row {row}{place}: {code}: {reason}", file.display()));
        }
    }
    Ok(tally)
}

/// Slices of the file as it is: what is wrong with a row is for the server to say.
fn parts(csv: &[u8], rows: usize) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
    reader.byte_headers()?;
    let mut starts = Vec::new();
    for record in reader.byte_records() {
        starts.push(record?.position().map_or(0, |start| start.byte() as usize));
    }
    let header = csv.get(..starts.first().copied().unwrap_or_default()).unwrap_or_default();
    let bounds: Vec<usize> = starts.into_iter().step_by(rows).chain([csv.len()]).collect();
    let part = |bounds: &[usize]| match *bounds {
        [start, end] => Some([header, csv.get(start..end)?].concat()),
        _ => None,
    };
    Ok(bounds.windows(2).filter_map(part).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts_of(csv: &str, rows: usize) -> Vec<String> {
        let parts = parts(csv.as_bytes(), rows).unwrap();
        parts.into_iter().map(|part| String::from_utf8(part).unwrap()).collect()
    }

    #[test]
    fn each_part_repeats_the_header_and_cells_survive() {
        let csv = "external_id,name\n1,\"Lovelace, Ada\"\n2,\"a\nb\"\n3,c\n";
        let expected = ["external_id,name\n1,\"Lovelace, Ada\"\n2,\"a\nb\"\n", "external_id,name\n3,c\n"];
        assert_eq!(parts_of(csv, 2), expected);
        assert_eq!(parts_of(csv, 3), [csv]);
    }

    #[test]
    fn a_row_of_another_length_is_passed_on() {
        assert_eq!(parts_of("a,b\n1\n2,3", 1), ["a,b\n1\n", "a,b\n2,3"]);
        assert!(parts_of("a,b\n", 2).is_empty() && parts_of("", 2).is_empty());
    }

    #[test]
    fn a_part_of_a_file_of_another_system_reads_like_its_rows() {
        let csv = "\u{feff}a,b\r\n1,2\r\n\r\n3,4\r\n";
        let rows = |part: String| -> Vec<csv::StringRecord> {
            let mut reader = csv::Reader::from_reader(part.as_bytes());
            assert_eq!(reader.headers().unwrap(), &["a", "b"][..]);
            reader.records().collect::<Result<_, _>>().unwrap()
        };
        let parts: Vec<_> = parts_of(csv, 1).into_iter().map(rows).collect();
        assert_eq!(
            parts,
            [[csv::StringRecord::from(vec!["1", "2"])], [csv::StringRecord::from(vec!["3", "4"])]]
        );
    }

    proptest! {
        #[test]
        fn the_parts_of_a_roster_hold_its_rows(
            rows in prop::collection::vec(("[1-9]{1,4}", "[ a-zé,\"\n=]{0,12}"), 1..20),
            at_once in 1_usize..6,
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["external_id", "name"]).unwrap();
            for (external_id, name) in &rows {
                writer.write_record([external_id, name]).unwrap();
            }
            let mut read = Vec::new();
            for part in parts(&writer.into_inner().unwrap(), at_once).unwrap() {
                let mut reader = csv::Reader::from_reader(&part[..]);
                let before = read.len();
                read.extend(reader.deserialize::<(String, String)>().map(Result::unwrap));
                prop_assert!(read.len() - before <= at_once);
            }
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn no_file_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at_once in 1_usize..6) {
            let _ = parts(&bytes, at_once);
        }
    }
}
