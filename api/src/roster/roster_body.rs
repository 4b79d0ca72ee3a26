//! The three forms of a posted roster, split into rows.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest};
use csv::StringRecord;
use serde_json::value::RawValue;

use super::csv_shape;
use super::posted_row::{PostedRow, unknown_field};
use crate::body::{Body, no_json, read_body, unsupported};
use crate::elements::{NotSplit, elements};
use crate::error::{Fault, Problem};

/// The largest body, in bytes, also after decompression.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The largest body that is one object to change something, in bytes.
const OBJECT_LIMIT: usize = 64 * 1024;

/// What a row takes in memory on its way to the database, beside its text, about.
const ROW_BYTES: usize = 1024;

/// The most rows in one request: a district's whole roster goes in a few, each in one transaction of a few seconds.
const ROWS_LIMIT: usize = 50_000;

/// What a client posted.
#[derive(Debug)]
pub(super) enum RosterBody {
    /// One object: answered as such.
    One(PostedRow),
    /// An array or a CSV: answered by counts. A row that cannot be read has one fault.
    Many(Vec<Result<PostedRow, Fault>>),
}

/// How a body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
}

/// Reads a body of one of the three forms. A CSV may have these columns, and must have the first of them. The body comes
/// along: it keeps the room that its rows take.
pub(super) async fn read_roster(
    request: &HttpRequest,
    payload: Payload,
    columns: &[&str],
) -> Result<(RosterBody, Body), Problem> {
    let form = Form::of(request.content_type()).ok_or_else(|| {
        unsupported(
            "Send `Content-Type: application/json` (one object or an array) or `text/csv` (with a header row).",
        )
    })?;
    let mut body = read_body(request, payload, BODY_LIMIT).await?;
    let roster = match form {
        Form::Json => json(&body)?,
        Form::Csv => RosterBody::Many(csv(&body, columns)?),
    };
    body.take_room(body.len() + roster.rows() * ROW_BYTES)?;
    Ok((roster, body))
}

/// Reads a body that is one JSON object.
pub(super) async fn read_object(request: &HttpRequest, payload: Payload) -> Result<PostedRow, Problem> {
    if Form::of(request.content_type()) != Some(Form::Json) {
        return Err(unsupported("Send `Content-Type: application/json` (one object)."));
    }
    object(&read_body(request, payload, OBJECT_LIMIT).await?)
}

impl RosterBody {
    fn rows(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(rows) => rows.len(),
        }
    }
}

impl Form {
    fn of(media_type: &str) -> Option<Self> {
        match media_type.to_ascii_lowercase().as_str() {
            "application/json" => Some(Self::Json),
            "text/csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// 422 with every fault of one object.
pub(super) fn refused(faults: Vec<Fault>) -> Problem {
    let first = faults.first();
    let (code, detail) = first.map_or(("invalid", ""), |fault| (fault.code, fault.detail.as_str()));
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail).with_errors(faults)
}

fn json(body: &[u8]) -> Result<RosterBody, Problem> {
    if body.trim_ascii_start().first() != Some(&b'[') {
        return object(body).map(RosterBody::One);
    }
    let elements = elements(body, ROWS_LIMIT).map_err(|fault| match fault {
        NotSplit::TooMany => too_many(),
        NotSplit::NoJson(error) => no_json(&error),
    })?;
    Ok(RosterBody::Many(elements.into_iter().map(|element| PostedRow::from_json(element.get())).collect()))
}

fn object(body: &[u8]) -> Result<PostedRow, Problem> {
    let object: &RawValue = serde_json::from_slice(body).map_err(|error| no_json(&error))?;
    PostedRow::from_json(object.get()).map_err(|fault| match fault.code {
        "invalid_json" => Problem::bad_request(fault.code, fault.detail),
        _ => refused(vec![fault]),
    })
}

fn csv(body: &[u8], columns: &[&str]) -> Result<Vec<Result<PostedRow, Fault>>, Problem> {
    // Excel begins its UTF-8 with a byte order mark.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = str::from_utf8(body).map_err(|_| csv_shape::invalid("The CSV is not UTF-8."))?;
    csv_shape::check(text)?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| csv_shape::invalid(error.to_string()))?.clone();
    check_header(&header, columns)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        if rows.len() == ROWS_LIMIT {
            return Err(too_many());
        }
        let record = record.map_err(|error| csv_shape::invalid(error.to_string()))?;
        rows.push(csv_row(&header, &record));
    }
    Ok(rows)
}

fn csv_row(header: &StringRecord, record: &StringRecord) -> Result<PostedRow, Fault> {
    if record.len() != header.len() {
        let detail = format!("has {} cells where the header has {}", record.len(), header.len());
        return Err(Fault { pointer: String::new(), code: "invalid_csv", detail });
    }
    Ok(PostedRow::from_csv(header.iter().zip(record)))
}

/// A header that is wrong would make every row wrong: it is refused as a whole.
fn check_header(header: &StringRecord, columns: &[&str]) -> Result<(), Problem> {
    let unknown: Vec<Fault> =
        header.iter().filter(|name| !columns.contains(name)).map(unknown_field).collect();
    if !unknown.is_empty() {
        let detail = format!("The header row may name {}, between commas.", columns.join(", "));
        return Err(
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_field", detail).with_errors(unknown)
        );
    }
    let times = |name: &str| header.iter().filter(|column| *column == name).count();
    if let Some(twice) = columns.iter().find(|name| times(name) > 1) {
        let detail = format!("The header row names {twice} twice.");
        return Err(Problem::unprocessable("repeated_field", detail, format!("/{twice}")));
    }
    match columns.first() {
        Some(key) if times(key) == 0 => {
            let detail = format!("The header row must name {key}.");
            Err(Problem::unprocessable("missing_field", detail, format!("/{key}")))
        }
        _ => Ok(()),
    }
}

fn too_many() -> Problem {
    let detail = format!("Send at most {ROWS_LIMIT} rows in one request.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_items", detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::roster::EXTERNAL_ID;
    use crate::roster::posted_row::TextField;

    const COLUMNS: [&str; 3] = ["external_id", "name", "classroom"];
    const NAME: TextField = TextField::new("name", 255);

    fn refusal<T: std::fmt::Debug>(outcome: Result<T, Problem>) -> &'static str {
        outcome.unwrap_err().code()
    }

    #[test]
    fn one_object_is_told_from_an_array() {
        assert!(matches!(json(b" {}"), Ok(RosterBody::One(_))));
        assert!(matches!(json(b" []"), Ok(RosterBody::Many(rows)) if rows.is_empty()));
        let Ok(RosterBody::Many(rows)) = json(br#"[{}, 7, {"name": "a"}]"#) else { panic!("an array") };
        let codes: Vec<_> = rows.iter().map(|row| row.as_ref().err().map(|fault| fault.code)).collect();
        assert_eq!(codes, [None, Some("invalid_type"), None]);
    }

    #[test]
    fn a_body_that_is_no_json_is_refused_as_a_whole() {
        for body in ["", "[1,", "{} x", "external_id\n1"] {
            assert_eq!(refusal(json(body.as_bytes())), "invalid_json", "{body}");
        }
        assert_eq!(refusal(json(b"7")), "invalid_type");
        assert_eq!(refusal(json(br#"{"\ud800": 1}"#)), "invalid_json");
    }

    #[test]
    fn a_csv_has_the_columns_that_its_header_names() {
        let rows =
            csv(b"\xef\xbb\xbfname,external_id\r\nAda,1\r\n\r\n\"Bell, G\",2\r\n3\r\n", &COLUMNS).unwrap();
        let codes: Vec<_> = rows.iter().map(|row| row.as_ref().err().map(|fault| fault.code)).collect();
        assert_eq!(codes, [None, None, Some("invalid_csv")]);
    }

    #[test]
    fn a_wrong_header_is_refused_as_a_whole() {
        assert_eq!(refusal(csv(b"external_id,nom\n1,Ada", &COLUMNS)), "unknown_field");
        assert_eq!(refusal(csv(b"external_id;name\n1;Ada", &COLUMNS)), "unknown_field");
        assert_eq!(refusal(csv(b"external_id,name,name\n1,a,b", &COLUMNS)), "repeated_field");
        assert_eq!(refusal(csv(b"name\nAda", &COLUMNS)), "missing_field");
        assert_eq!(refusal(csv(b"", &COLUMNS)), "missing_field");
        assert_eq!(refusal(csv(b"external_id\n\xff", &COLUMNS)), "invalid_csv");
        assert_eq!(refusal(csv(b"external_id,name\n1,\"Ada\n2,Bob\n", &COLUMNS)), "invalid_csv");
        assert_eq!(refusal(csv(",".repeat(1000).as_bytes(), &COLUMNS)), "invalid_csv");
    }

    #[test]
    fn too_many_rows_are_refused() {
        let body = format!("external_id\n{}", "1\n".repeat(ROWS_LIMIT + 1));
        assert_eq!(refusal(csv(body.as_bytes(), &COLUMNS)), "too_many_items");
        let body = format!("[{}{{}}]", "{},".repeat(ROWS_LIMIT));
        assert_eq!(refusal(json(body.as_bytes())), "too_many_items");
    }

    #[test]
    fn only_the_documented_types_are_read() {
        assert_eq!(Form::of("Application/JSON"), Some(Form::Json));
        assert_eq!(Form::of("text/csv"), Some(Form::Csv));
        assert_eq!(Form::of("application/x-ndjson"), None);
    }

    proptest! {
        #[test]
        fn no_csv_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[a-c,\"\n\r\\x00]{0,80}") {
            for body in [bytes, [&b"external_id,name\n"[..], text.as_bytes()].concat()] {
                if let Err(problem) = csv(&body, &COLUMNS) {
                    let code = problem.code();
                    let known = ["invalid_csv", "unknown_field", "repeated_field", "missing_field"];
                    prop_assert!(known.contains(&code), "{code}");
                }
            }
        }

        #[test]
        fn what_a_writer_writes_is_read(rows in prop::collection::vec(("[1-9a-z]{1,9}", "[ a-zé,\"=+@-]{1,20}"), 0..20)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["external_id", "name"]).unwrap();
            for (external_id, name) in &rows {
                writer.write_record([external_id, name]).unwrap();
            }
            let read = csv(&writer.into_inner().unwrap(), &COLUMNS).unwrap();
            let texts = read.into_iter().map(|row| {
                let mut row = row.unwrap();
                (row.required_text(EXTERNAL_ID).unwrap(), row.required_text(NAME).unwrap())
            });
            prop_assert_eq!(texts.collect::<Vec<_>>(), rows);
        }
    }
}
