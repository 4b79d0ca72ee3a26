//! The report as a page for people: what a head of school reads on the next morning.

use std::fmt::Write;

use chrono::{Datelike, Days};
use serde_json::Value;

use super::DailyReport;
use super::comparison::{Comparison, Differences};
use super::losses::{LosingLesson, LostBetween};
use super::ranking::RankedClassroom;
use super::wording::{
    NOTHING, average, change, change_of_average, change_of_duration, count, day, day_of_the_year, duration,
    moment, number, share,
};
use crate::figures::Figures;
use crate::store::SILENT_DAYS;

/// Longer tables are for spreadsheets.
const MOST_ROWS: usize = 40;

/// Of one figure of a task, so many characters.
const MOST_OF_A_FIGURE: usize = 120;

/// The page.
pub(super) fn of(report: &DailyReport) -> String {
    let parts = [
        heading(report),
        sentences(report),
        changes(report),
        classrooms(report),
        lessons(report),
        silence(report),
        data_quality(report),
        tasks(report),
        origin(report),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

fn heading(report: &DailyReport) -> String {
    let title = format!("# Daily report of {}", day(report.date));
    match &report.stale_reason {
        Some(reason) => format!("{title}\n\n> **This report is out of date.** {}", escaped(reason)),
        None => title,
    }
}

/// The day in three sentences.
fn sentences(report: &DailyReport) -> String {
    [who_was_active(report), what_they_did(report), how_that_compares(report)].join(" ")
}

fn who_was_active(DailyReport { totals, .. }: &DailyReport) -> String {
    let (active, logs) = (totals.figures.active_students, totals.figures.streaming_logs);
    match (totals.students, active) {
        (0, 0) => "No learner is enrolled.".to_owned(),
        (students, 0) => format!("None of {} was active.", count(students, "learner", "learners")),
        (students, active) => format!(
            "{} of {} {} active and sent {}.",
            number(active),
            count(students, "learner", "learners"),
            if active == 1 { "was" } else { "were" },
            count(logs, "streaming log", "streaming logs"),
        ),
    }
}

fn what_they_did(DailyReport { totals, .. }: &DailyReport) -> String {
    let it = &totals.figures;
    if it.streaming_logs == 0 {
        return "Nothing was watched.".to_owned();
    }
    let completed = match it.completed {
        0 => "completed no lesson".to_owned(),
        times => format!("completed a lesson {}", count(times, "time", "times")),
    };
    let progress = match it.avg_completion_percentage {
        Some(_) => {
            format!("; on average a log stood at {} % of its lesson", average(it.avg_completion_percentage))
        }
        None => String::new(),
    };
    format!("They watched for {} and {completed}{progress}.", duration(it.watch_time_seconds))
}

fn how_that_compares(report: &DailyReport) -> String {
    let against = |other: &Comparison, name: &str| match other.differences.active_students {
        0 => format!("as many as {name}"),
        more @ 1.. => format!("{} more than {name}", number(more)),
        fewer => format!("{} fewer than {name}", number(fewer.saturating_neg())),
    };
    format!(
        "The active learners are {}, and {}.",
        against(&report.against_day_before, "the day before"),
        against(&report.against_same_weekday, "on the same day a week earlier"),
    )
}

/// How a figure is shown, or a difference.
type Shown<T> = fn(&T) -> String;

fn changes(report: &DailyReport) -> String {
    let (before, week) = (&report.against_day_before, &report.against_same_weekday);
    let head = [
        String::new(),
        "This day".to_owned(),
        day_of_the_year(before.date),
        "Change".to_owned(),
        day_of_the_year(week.date),
        "Change".to_owned(),
    ];
    let mut rows = Vec::new();
    let lines: [(&str, Shown<Figures>, Shown<Differences>); 6] = [
        ("Active learners", |it| number(it.active_students), |it| change(it.active_students)),
        ("Streaming logs", |it| number(it.streaming_logs), |it| change(it.streaming_logs)),
        ("Watched", |it| duration(it.watch_time_seconds), |it| change_of_duration(it.watch_time_seconds)),
        (
            "Seconds a log, on average",
            |it| average(it.avg_watch_time_seconds),
            |it| change_of_average(it.avg_watch_time_seconds),
        ),
        (
            "Completion in %, on average",
            |it| average(it.avg_completion_percentage),
            |it| change_of_average(it.avg_completion_percentage),
        ),
        ("Lessons completed", |it| number(it.completed), |it| change(it.completed)),
    ];
    for (name, figure, difference) in lines {
        rows.push(vec![
            name.to_owned(),
            figure(&report.totals.figures),
            figure(&before.totals.figures),
            difference(&before.differences),
            figure(&week.totals.figures),
            difference(&week.differences),
        ]);
    }
    format!("## What changed\n\n{}", table(&head, &rows))
}

fn classrooms(report: &DailyReport) -> String {
    let rows: Vec<_> = report.ranked_classrooms.iter().take(MOST_ROWS).map(ranked).collect();
    if rows.is_empty() {
        return section("Classrooms", ["No classroom has a learner.".to_owned()]);
    }
    let head =
        ["", "Classroom", "Learners", "Active", "Share", "Watched", "Completion in %", "Lessons completed"];
    let how = "By the share of their learners who were active.".to_owned();
    section("Classrooms", [how, table(&head.map(str::to_owned), &rows), not_ranked(report)])
}

fn ranked(it: &RankedClassroom) -> Vec<String> {
    let enrolled = &it.classroom.figures;
    vec![
        it.rank.to_string(),
        escaped(&it.classroom.classroom),
        number(enrolled.students),
        number(enrolled.figures.active_students),
        share(it.active_share),
        duration(enrolled.figures.watch_time_seconds),
        average(enrolled.figures.avg_completion_percentage),
        number(enrolled.figures.completed),
    ]
}

fn not_ranked(report: &DailyReport) -> String {
    let (all, ranked) = (report.classrooms.len(), report.ranked_classrooms.len());
    let mut sentences = Vec::new();
    if ranked > MOST_ROWS {
        let more = (ranked - MOST_ROWS) as i64;
        sentences.push(format!("{} in the CSV.", count(more, "more classroom is", "more classrooms are")));
    }
    if all > ranked {
        let empty = (all - ranked) as i64;
        sentences.push(format!("{} no learner.", count(empty, "classroom has", "classrooms have")));
    }
    sentences.join(" ")
}

fn lessons(report: &DailyReport) -> String {
    let rows: Vec<_> = report.lessons_that_lose_people.iter().map(losing).collect();
    let head = ["Lesson", "Began", "Finished", "Lost", "Share", "Most stopped"].map(str::to_owned);
    let table = match rows.is_empty() {
        true => "None that five learners or more began lost anybody.".to_owned(),
        false => table(&head, &rows),
    };
    section("Lessons that lose people", [table])
}

fn losing(it: &LosingLesson) -> Vec<String> {
    let LostBetween { from, to, students } = it.lost_most;
    let stopped = format!("between {from} % and {to} % ({})", count(students, "learner", "learners"));
    let (started, finished) = (number(it.started), number(it.finished));
    vec![escaped(&it.title), started, finished, number(it.lost), share(it.lost_share), stopped]
}

fn silence(report: &DailyReport) -> String {
    let from = report.date - Days::new(SILENT_DAYS - 1);
    let first = match (from.year(), from.month()) == (report.date.year(), report.date.month()) {
        true => from.format("%-d").to_string(),
        false => from.format("%-d %B").to_string(),
    };
    let text = format!(
        "{} of {} sent no log from {first} to {}.",
        number(report.silent_students),
        count(report.totals.students, "learner", "learners"),
        report.date.format("%-d %B"),
    );
    section("Silent for seven days", [text])
}

fn data_quality(report: &DailyReport) -> String {
    let it = &report.data_quality;
    let head = ["New", "Late (over 24 h)", "Sent again", "Refused"].map(str::to_owned);
    let row = [it.accepted, it.late, it.duplicates, it.rejected].map(number).to_vec();
    section(
        "Data quality",
        ["Logs that arrived on this day, whatever day they are of.".to_owned(), table(&head, &[row])],
    )
}

fn tasks(report: &DailyReport) -> String {
    let mut lines = String::new();
    for (name, figures) in report.tasks.figures() {
        let figures = figures.iter().map(|(name, figure)| format!("{} {}", escaped(name), shown(figure)));
        let figures: Vec<_> = figures.collect();
        let _ = writeln!(lines, "- {}: {}", escaped(name), figures.join(", "));
    }
    match lines.is_empty() {
        true => String::new(),
        false => section("How it was made", [lines.trim_end().to_owned()]),
    }
}

fn shown(figure: &Value) -> String {
    let text = match figure {
        Value::Null => NOTHING.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut short: String = text.chars().take(MOST_OF_A_FIGURE).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    escaped(&short)
}

fn origin(DailyReport { time_zone, generated_at, revision, .. }: &DailyReport) -> String {
    format!(
        "---\n\nA day in {}. Figures of {}, revision {revision}.",
        escaped(time_zone),
        moment(*generated_at)
    )
}

fn section(title: &str, paragraphs: impl IntoIterator<Item = String>) -> String {
    let paragraphs = paragraphs.into_iter().filter(|paragraph| !paragraph.is_empty());
    let mut text = format!("## {title}");
    for paragraph in paragraphs {
        text.push_str("\n\n");
        text.push_str(&paragraph);
    }
    text
}

fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let mut lines = vec![line(head), format!("|{}", "---|".repeat(head.len()))];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n")
}

/// A name that stays one, whatever Markdown or HTML it holds.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '!' => {
                text.push('\\');
                text.push(character);
            }
            whitespace if whitespace.is_whitespace() || whitespace.is_control() => text.push(' '),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests;
