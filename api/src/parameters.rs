//! Query parameters, read one by one, so that each fault is told with its name.

use std::collections::BTreeMap;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::web::Query;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use percent_encoding::percent_decode_str;

use crate::error::{Fault, Problem};
use crate::name::Name;
use crate::pointer::printable;

/// The most faults that one request is told of: a URL has room for tens of thousands of names.
const MOST_FAULTS: usize = 16;

/// The parameters of one request, and what is wrong with them.
pub struct Parameters {
    given: BTreeMap<String, String>,
    faults: Vec<Fault>,
}

/// What can stand in a query parameter.
pub trait Parameter: Sized {
    /// What the text of one looks like, for people.
    const LOOKS_LIKE: &'static str;

    /// Reads one.
    fn read(text: &str) -> Option<Self>;
}

impl Parameter for NaiveDate {
    const LOOKS_LIKE: &'static str = "a day such as 2021-11-29";

    fn read(text: &str) -> Option<Self> {
        // `+2021-1-9` is a day as well; one way to write it is enough. PostgreSQL does not know every year of five digits.
        let day = Self::from_str(text).ok().filter(|day| (0..=9999).contains(&day.year()));
        day.filter(|day| day.to_string() == text)
    }
}

impl Parameter for DateTime<Utc> {
    const LOOKS_LIKE: &'static str =
        "a moment with an offset, such as 2021-11-29T23:09:00Z or 2021-11-29T23:09:00%2B01:00";

    fn read(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc())
    }
}

impl Parameter for Name {
    const LOOKS_LIKE: &'static str = "a name without control characters";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Parameter for i64 {
    const LOOKS_LIKE: &'static str = "a whole number";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &Self| number.to_string() == text)
    }
}

impl Parameter for u32 {
    const LOOKS_LIKE: &'static str = "a whole number, 0 or more";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &Self| number.to_string() == text)
    }
}

impl Parameter for bool {
    const LOOKS_LIKE: &'static str = "true or false";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Parameter for String {
    const LOOKS_LIKE: &'static str = "text";

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Parameters {
    /// The parameters of a request.
    pub fn of(request: &HttpRequest) -> Self {
        let query = request.query_string();
        let pairs = Query::<Vec<(String, String)>>::from_query(query);
        let mut parameters = Self { given: BTreeMap::new(), faults: Vec::new() };
        // Where it is none, the pairs hold something else in its place.
        if percent_decode_str(query).decode_utf8().is_err() {
            parameters.refuse("query".to_owned(), "invalid_parameter", "must be UTF-8 where it is decoded");
        }
        for (name, value) in pairs.map(Query::into_inner).unwrap_or_default() {
            if parameters.given.insert(name.clone(), value).is_some() {
                parameters.refuse(name, "repeated_parameter", "may be given once");
            }
        }
        parameters
    }

    /// Reads one, if it is given.
    pub fn take<P: Parameter>(&mut self, name: &'static str) -> Option<P> {
        let parameter = P::read(&self.given.remove(name)?);
        if parameter.is_none() {
            self.refuse(name.to_owned(), "invalid_parameter", &format!("must be {}", P::LOOKS_LIKE));
        }
        parameter
    }

    /// A 422 where something was wrong with those that were taken, or others were given.
    pub fn finish(mut self) -> Result<(), Problem> {
        for name in std::mem::take(&mut self.given).into_keys() {
            self.refuse(name, "unknown_parameter", "is no parameter of this request");
        }
        match self.faults.first() {
            None => Ok(()),
            Some(Fault { pointer, code, detail }) => {
                Err(Problem::unprocessable(code, detail, pointer).with_errors(self.faults.clone()))
            }
        }
    }

    fn refuse(&mut self, name: String, code: &'static str, fault: &str) {
        if self.faults.len() < MOST_FAULTS {
            let name = printable(&name);
            self.faults.push(Fault { detail: format!("`{name}` {fault}."), pointer: name, code });
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    fn code_of(query: &str) -> Result<Option<NaiveDate>, &'static str> {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        let mut parameters = Parameters::of(&request);
        let day = parameters.take("date");
        parameters.finish().map(|()| day).map_err(|problem| problem.code())
    }

    #[test]
    fn a_day_is_written_in_one_way() {
        assert_eq!(code_of("date=2021-11-29"), Ok(NaiveDate::from_ymd_opt(2021, 11, 29)));
        for text in [
            "",
            "2021-11-9",
            "+2021-11-29",
            "2021-11-31",
            "29.11.2021",
            "2021-11-29T00:00:00Z",
            "2021-11-29+",
            "-9999-01-01",
            "%2B10000-01-01",
        ] {
            assert_eq!(code_of(&format!("date={text}")), Err("invalid_parameter"), "{text}");
        }
    }

    #[test]
    fn a_parameter_that_is_unknown_or_repeated_is_refused() {
        assert_eq!(code_of(""), Ok(None));
        assert_eq!(code_of("day=2021-11-29"), Err("unknown_parameter"));
        assert_eq!(code_of("date=2021-11-29&date=2021-11-29"), Err("repeated_parameter"));
        assert_eq!(code_of("date=2021-11-29&%ff"), Err("invalid_parameter"));
    }

    #[test]
    fn a_moment_needs_its_offset() {
        let read = |text| <DateTime<Utc> as Parameter>::read(text).map(|moment| moment.to_rfc3339());
        assert_eq!(read("2021-11-29T23:09:00+01:00").as_deref(), Some("2021-11-29T22:09:00+00:00"));
        assert_eq!(read("2021-11-29T23:09:00"), None);
        // What becomes of a plus sign that was not encoded.
        assert_eq!(read("2021-11-29T23:09:00 01:00"), None);
    }

    #[test]
    fn a_number_is_written_in_one_way() {
        let read = <i64 as Parameter>::read;
        assert_eq!((read("-7"), read("0"), read("9223372036854775807")), (Some(-7), Some(0), Some(i64::MAX)));
        for text in ["", "+7", "07", "-0", "7.0", "7e0", " 7", "9223372036854775808"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn of_very_many_faults_some_are_told() {
        let query = (0..10_000).map(|number| format!("a{number}&")).collect::<String>();
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        let mut parameters = Parameters::of(&request);
        for name in std::mem::take(&mut parameters.given).into_keys() {
            parameters.refuse(name, "unknown_parameter", "is none");
        }
        assert_eq!(parameters.faults.len(), MOST_FAULTS);
    }

    fn taken<P: Parameter>(text: &str) -> Result<Option<P>, &'static str> {
        let text = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
        let request = TestRequest::with_uri(&format!("/?it={text}")).to_http_request();
        let mut parameters = Parameters::of(&request);
        let taken = parameters.take("it");
        parameters.finish().map(|()| taken).map_err(|problem| problem.code())
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_was_written(days in 0_i32..3_000_000, micros in any::<i32>(), number in any::<i64>()) {
            let day = NaiveDate::from_num_days_from_ce_opt(days).unwrap();
            prop_assert_eq!(taken(&day.to_string()), Ok(Some(day)));
            let moment = DateTime::from_timestamp_micros(i64::from(micros) * 1_000_003).unwrap();
            prop_assert_eq!(taken(&moment.to_rfc3339()), Ok(Some(moment)));
            prop_assert_eq!(taken(&number.to_string()), Ok(Some(number)));
        }

        #[test]
        fn no_text_makes_it_panic(text in r"[-+0-9:.TZ ]{0,30}|.{0,30}") {
            let days = taken::<NaiveDate>(&text).map(|day| day.map(|day| day.to_string()));
            prop_assert!(days == Err("invalid_parameter") || days == Ok(Some(text.clone())));
            let names = taken::<Name>(&text).map(|name| name.map(String::from));
            prop_assert!(names == Err("invalid_parameter") || names == Ok(Some(text.clone())));
            let numbers = taken::<u32>(&text).map(|number| number.map(|number| number.to_string()));
            prop_assert!(numbers == Err("invalid_parameter") || numbers == Ok(Some(text.clone())));
            prop_assert!(matches!(taken::<DateTime<Utc>>(&text), Ok(Some(_)) | Err("invalid_parameter")));
        }

        #[test]
        fn no_query_makes_it_panic(query in r"[a-c=&%0-9A-F+;\[\]~!*'(),]{0,60}") {
            let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
            let mut parameters = Parameters::of(&request);
            let _: Option<NaiveDate> = parameters.take("a");
            if let Err(problem) = parameters.finish() {
                let known = ["unknown_parameter", "repeated_parameter", "invalid_parameter"];
                prop_assert!(known.contains(&problem.code()));
            }
        }
    }
}
