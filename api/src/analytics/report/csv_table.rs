//! The report as a table for spreadsheets: a row for the platform, for each day that it is compared with, for each classroom and
//! each lesson.

use super::DailyReport;
use crate::error::Problem;
use crate::figures::{EnrolledFigures, Figures};
use crate::spreadsheet::text;

const HEADER: [&str; 19] = [
    "date",
    "part",
    "id",
    "name",
    "students",
    "active_students",
    "streaming_logs",
    "watch_time_seconds",
    "avg_watch_time_seconds",
    "avg_completion_percentage",
    "completed",
    // Of the platform as a whole: these stand in its row alone.
    "silent_students",
    "accepted",
    "duplicates",
    "rejected",
    "late",
    "revision",
    "generated_at",
    "stale",
];

/// The table, as RFC 4180 wants it.
pub(super) fn of(report: &DailyReport) -> Result<Vec<u8>, Problem> {
    let mut lines = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    lines.write_record(HEADER).map_err(Problem::internal)?;
    for row in rows(report) {
        lines.write_record(&row).map_err(Problem::internal)?;
    }
    lines.into_inner().map_err(|error| Problem::internal(error.into_error()))
}

type Row = Vec<String>;

fn rows(report: &DailyReport) -> Vec<Row> {
    let date = report.date.to_string();
    let mut rows = vec![full(row(&date, "totals", ["", ""], enrolled(&report.totals)), of_platform(report))];
    let days = [("day_before", &report.against_day_before), ("same_weekday", &report.against_same_weekday)];
    for (part, other) in days {
        rows.push(row(&other.date.to_string(), part, ["", ""], enrolled(&other.totals)));
    }
    for it in &report.classrooms {
        rows.push(row(&date, "classroom", [&it.classroom, &it.classroom], enrolled(&it.figures)));
    }
    for it in &report.lessons {
        let figures = full(vec![String::new()], figures(&it.figures));
        rows.push(row(&date, "lesson", [&it.external_id, &it.title], figures));
    }
    for row in &mut rows {
        row.resize(HEADER.len(), String::new());
    }
    rows
}

fn row(date: &str, part: &str, names: [&str; 2], figures: Row) -> Row {
    let names = names.map(|name| text(name).into_owned());
    let mut row = vec![date.to_owned(), part.to_owned()];
    row.extend(names);
    row.extend(figures);
    row
}

fn full(mut row: Row, more: impl IntoIterator<Item = String>) -> Row {
    row.extend(more);
    row
}

fn enrolled(EnrolledFigures { students, figures: of_them }: &EnrolledFigures) -> Row {
    full(vec![students.to_string()], figures(of_them))
}

fn figures(it: &Figures) -> [String; 6] {
    let average = |it: Option<f64>| it.map_or_else(String::new, |it| it.to_string());
    [
        it.active_students.to_string(),
        it.streaming_logs.to_string(),
        it.watch_time_seconds.to_string(),
        average(it.avg_watch_time_seconds),
        average(it.avg_completion_percentage),
        it.completed.to_string(),
    ]
}

fn of_platform(report: &DailyReport) -> [String; 8] {
    let DailyReport { silent_students, data_quality, revision, generated_at, stale, .. } = report;
    [
        silent_students.to_string(),
        data_quality.accepted.to_string(),
        data_quality.duplicates.to_string(),
        data_quality.rejected.to_string(),
        data_quality.late.to_string(),
        revision.to_string(),
        super::wording::moment(*generated_at),
        stale.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn records(report: &DailyReport) -> Vec<csv::StringRecord> {
        let table = of(report).unwrap();
        csv::Reader::from_reader(&table[..]).records().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn every_part_of_the_report_is_a_row() {
        let table = String::from_utf8(of(&sample::report()).unwrap()).unwrap();
        let lines: Vec<&str> = table.split_terminator("\r\n").collect();
        assert_eq!(lines[0].split(',').count(), HEADER.len());
        assert_eq!(
            lines[1..4],
            [
                "2021-11-29,totals,,,12,6,30,3600,150,62.5,4,5,31,2,1,3,12,2021-11-30T01:30:00.000000Z,false",
                "2021-11-28,day_before,,,12,8,20,1800,90,50,6,,,,,,,,",
                "2021-11-22,same_weekday,,,12,0,0,0,,,0,,,,,,,,",
            ]
        );
        let parts: Vec<_> = lines[4..].iter().map(|line| line.split(',').nth(1).unwrap()).collect();
        assert_eq!(parts, ["classroom", "classroom", "classroom", "lesson", "lesson"]);
    }

    #[test]
    fn a_name_is_never_run_as_a_formula() {
        let mut report = sample::report();
        let names = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "harmless, with \"quotes\""];
        for (it, name) in report.classrooms.iter_mut().zip(names) {
            it.classroom = name.to_owned();
        }
        for (it, name) in report.lessons.iter_mut().zip(&names[3..]) {
            it.title = (*name).to_owned();
        }
        let shown: Vec<_> = records(&report)[3..].iter().map(|row| row[3].to_owned()).collect();
        assert_eq!(shown, ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'＝1"]);
        assert_eq!(text(names[5]), names[5]);
    }
}
