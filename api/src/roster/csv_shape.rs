//! What a CSV must be before its rows are read: every quote is closed, and no row has many more cells than any needs.

use crate::error::Problem;

/// The most cells of a row: a roster has four columns.
const MOST_CELLS: usize = 32;

/// Where in a row we are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    CellBegins,
    InCell,
    InQuotes,
    /// After a quote within quotes: they end, or another one follows that stands for itself.
    AfterQuote,
}

/// Looks at the shape alone. A quote that is never closed would swallow every row behind it.
pub(super) fn check(text: &str) -> Result<(), Problem> {
    let (mut place, mut cells, mut line, mut opened) = (Place::CellBegins, 1, 1, 1);
    for byte in text.bytes() {
        line += usize::from(byte == b'\n');
        place = match (place, byte) {
            (Place::CellBegins, b'"') => {
                opened = line;
                Place::InQuotes
            }
            (Place::InQuotes, b'"') => Place::AfterQuote,
            (Place::InQuotes, _) | (Place::AfterQuote, b'"') => Place::InQuotes,
            (_, b',') => {
                cells += 1;
                Place::CellBegins
            }
            (_, b'\n' | b'\r') => {
                cells = 1;
                Place::CellBegins
            }
            _ => Place::InCell,
        };
        if cells > MOST_CELLS {
            return Err(invalid(format!("Line {line} has more than {MOST_CELLS} cells.")));
        }
    }
    match place {
        Place::InQuotes => Err(invalid(format!("The quote that begins in line {opened} is never closed."))),
        _ => Ok(()),
    }
}

/// 400: this is no CSV.
pub(super) fn invalid(detail: impl Into<String>) -> Problem {
    Problem::bad_request("invalid_csv", detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_are_closed() {
        for text in [
            "",
            "a,b\n1,2",
            "a\n\"1\"\n",
            "a\n\"\"\"\"\n",
            "a,b\r\n\"1\n2\",3",
            "a\nsix\" pipe\n",
            "a\n\"1\"\"\"",
        ] {
            assert!(check(text).is_ok(), "{text:?}");
        }
        for text in ["\"", "a\n\"1\n2\n3", "a,b\n1,\"2", "a\n\"1\"\"", "a\n\"\"\""] {
            assert_eq!(check(text).unwrap_err().code(), "invalid_csv", "{text:?}");
        }
        assert!(check("a\n1\n\"2\n3").unwrap_err().to_string().contains("line 3"));
    }

    #[test]
    fn a_row_has_so_many_cells() {
        let row = |cells: usize| vec!["x"; cells].join(",");
        assert!(check(&format!("{}\n{}", row(MOST_CELLS), row(MOST_CELLS))).is_ok());
        assert!(check(&format!("a\n{}", row(MOST_CELLS + 1))).is_err());
        assert!(check(&format!("a\n\"{}\"", row(1000))).is_ok(), "commas in quotes are none");
    }

    proptest! {
        #[test]
        fn what_a_writer_writes_is_good(
            rows in prop::collection::vec(prop::collection::vec("[a,\"\n\r =é]{0,6}", 3), 0..20),
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert!(check(&text).is_ok(), "{text:?}");
        }

        #[test]
        fn an_open_quote_is_found_wherever_a_reader_would_read_to_the_end(text in "[a,\"\n]{0,40}") {
            // With one more quote at its end, the last cell of an open text is whole; of another it is none.
            let cells = |text: &str| {
                let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
                reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>()
            };
            if check(&text).is_err() && text.matches(',').count() < MOST_CELLS {
                prop_assert_eq!(cells(&format!("{text}\"")), cells(&text));
            }
        }
    }
}
