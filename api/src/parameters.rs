//! Query parameters, read one by one, so that each fault is told with its name.

use std::collections::BTreeMap;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::web::Query;
use chrono::{DateTime, NaiveDate, Utc};

use crate::error::{Fault, Problem};
use crate::name::Name;

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
        // `+2021-1-9` is a day as well; one way to write it is enough.
        Self::from_str(text).ok().filter(|day| day.to_string() == text)
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
        text.parse().ok()
    }
}

impl Parameter for u32 {
    const LOOKS_LIKE: &'static str = "a whole number, 0 or more";

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
        let pairs = Query::<Vec<(String, String)>>::from_query(request.query_string());
        let mut parameters = Self { given: BTreeMap::new(), faults: Vec::new() };
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
        self.faults.push(Fault { detail: format!("`{name}` {fault}."), pointer: name, code });
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

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
        ] {
            assert_eq!(code_of(&format!("date={text}")), Err("invalid_parameter"), "{text}");
        }
    }

    #[test]
    fn a_parameter_that_is_unknown_or_repeated_is_refused() {
        assert_eq!(code_of(""), Ok(None));
        assert_eq!(code_of("day=2021-11-29"), Err("unknown_parameter"));
        assert_eq!(code_of("date=2021-11-29&date=2021-11-29"), Err("repeated_parameter"));
    }

    #[test]
    fn a_moment_needs_its_offset() {
        let read = |text| <DateTime<Utc> as Parameter>::read(text).map(|moment| moment.to_rfc3339());
        assert_eq!(read("2021-11-29T23:09:00+01:00").as_deref(), Some("2021-11-29T22:09:00+00:00"));
        assert_eq!(read("2021-11-29T23:09:00"), None);
        // What becomes of a plus sign that was not encoded.
        assert_eq!(read("2021-11-29T23:09:00 01:00"), None);
    }
}
