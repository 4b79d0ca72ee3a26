//! In which form a report is told: as JSON for programs, CSV for spreadsheets, Markdown for people.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, ETAG, EntityTag, IfNoneMatch, VARY};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::{DailyReport, csv_table, markdown_page};
use crate::accept;
use crate::error::Problem;

/// A form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analytics) enum Representation {
    /// All of it.
    Json,
    /// A table of figures.
    Csv,
    /// A page to be read.
    Markdown,
}

/// Of two that are wanted as much, the first.
const ALL: [Representation; 3] = [Representation::Json, Representation::Csv, Representation::Markdown];

/// What was kept may be kept by a browser, and is asked for anew each time: mostly it is told that nothing has changed.
const ASK_ANEW: &str = "private, no-cache";

impl Representation {
    /// The one that a request wants most.
    pub(in crate::analytics) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let wanted = accept::preferred(request, &ALL.map(Self::media_type));
        ALL.into_iter().find(|it| wanted == Some(it.media_type())).ok_or_else(not_acceptable)
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Markdown => "text/markdown",
        }
    }

    /// Each form has a tag of its own, since each is another text.
    fn tag(self, report: &DailyReport) -> EntityTag {
        let form = match self {
            Self::Json => "",
            Self::Csv => "-csv",
            Self::Markdown => "-markdown",
        };
        EntityTag::new_strong(format!("{}{form}", report.tag))
    }

    /// 304 where the client has this report in this form already; otherwise the report.
    pub(in crate::analytics) fn answer_unless_known(
        self,
        request: &HttpRequest,
        report: &DailyReport,
    ) -> Result<HttpResponse, Problem> {
        let tag = self.tag(report);
        let is_known = match request.get_header::<IfNoneMatch>() {
            Some(IfNoneMatch::Any) => true,
            Some(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(&tag)),
            None => false,
        };
        if is_known {
            let mut answer = HttpResponse::NotModified();
            return Ok(answer
                .insert_header((ETAG, tag.to_string()))
                .insert_header((VARY, "Accept"))
                .insert_header((CACHE_CONTROL, ASK_ANEW))
                .finish());
        }
        self.answer(StatusCode::OK, report)
    }

    /// The report in this form.
    pub(in crate::analytics) fn answer(
        self,
        status: StatusCode,
        report: &DailyReport,
    ) -> Result<HttpResponse, Problem> {
        let mut answer = HttpResponse::build(status);
        answer
            .insert_header((ETAG, self.tag(report).to_string()))
            .insert_header((VARY, "Accept"))
            .insert_header((CACHE_CONTROL, ASK_ANEW));
        let named = |kind, extension| {
            let name = format!("{kind}; filename=\"daily-report-{}.{extension}\"", report.date);
            (CONTENT_DISPOSITION, name)
        };
        Ok(match self {
            Self::Json => answer.json(report),
            Self::Csv => answer
                .content_type("text/csv; charset=utf-8")
                .insert_header(named("attachment", "csv"))
                .body(csv_table::of(report)?),
            Self::Markdown => answer
                .content_type("text/markdown; charset=utf-8")
                .insert_header(named("inline", "md"))
                .body(markdown_page::of(report)),
        })
    }
}

fn not_acceptable() -> Problem {
    let forms = ALL.map(Representation::media_type).join(", ");
    let detail = format!("A daily report is {forms}: name one of these in `Accept`, or leave it out.");
    Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail).with_header(VARY, "Accept")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn wanted(accept: &str) -> Result<Representation, &'static str> {
        let request = TestRequest::default().insert_header(("accept", accept)).to_http_request();
        Representation::of(&request).map_err(|problem| problem.code())
    }

    #[test]
    fn the_form_that_is_wanted_most_is_told() {
        use Representation::{Csv, Json, Markdown};
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";
        for (accept, form) in [
            ("", Json),
            ("*/*", Json),
            (browser, Json),
            ("application/json", Json),
            ("application/*", Json),
            ("text/csv", Csv),
            ("Text/CSV; charset=utf-8", Csv),
            ("text/*", Csv),
            ("text/markdown", Markdown),
            ("text/markdown; variant=GFM, */*; q=0.1", Markdown),
            ("text/csv; q=0.5, text/markdown", Markdown),
            ("text/*, text/csv; q=0", Markdown),
            ("*/*; q=0.5, application/json; q=0.1", Csv),
        ] {
            assert_eq!(wanted(accept), Ok(form), "{accept}");
        }
    }

    #[test]
    fn what_there_is_not_is_refused() {
        for accept in ["application/pdf", "text/html", "nonsense", "text/csv; q=0", "*/*; q=0, image/*"] {
            assert_eq!(wanted(accept), Err("not_acceptable"), "{accept}");
        }
    }
}
