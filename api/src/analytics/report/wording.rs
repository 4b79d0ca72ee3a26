//! How numbers, days and spans of time are written for people.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

/// `1,452`
pub(super) fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('−');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 learner`, `1,452 learners`
pub(super) fn count(count: i64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// `+12`, `−3`, `±0`
pub(super) fn change(change: i64) -> String {
    match change {
        0 => "±0".to_owned(),
        1.. => format!("+{}", number(change)),
        _ => number(change),
    }
}

/// `+2.5`, `−0.3`, `±0`, rounded to a tenth; a dash where there is nothing to compare.
pub(super) fn change_of_average(change: Option<f64>) -> String {
    let Some(change) = change else { return NOTHING.to_owned() };
    let tenths = (change * 10.0).round();
    if tenths == 0.0 {
        return "±0".to_owned();
    }
    let sign = if tenths < 0.0 { '−' } else { '+' };
    format!("{sign}{:.1}", tenths.abs() / 10.0)
}

/// What stands where there is no figure.
pub(super) const NOTHING: &str = "–";

/// `55.6`, rounded to a tenth; a dash where there is none.
pub(super) fn average(average: Option<f64>) -> String {
    average.map_or_else(|| NOTHING.to_owned(), |average| format!("{average:.1}"))
}

/// `62 %`, of a share from 0 to 1.
pub(super) fn share(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// `1,026 h 21 min`, `21 min`, `40 s`
pub(super) fn duration(seconds: i64) -> String {
    let minutes = seconds / 60;
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        _ => format!("{} h {} min", number(minutes / 60), minutes % 60),
    }
}

/// `+1 h 5 min`
pub(super) fn change_of_duration(seconds: i64) -> String {
    match seconds {
        0 => "±0".to_owned(),
        1.. => format!("+{}", duration(seconds)),
        _ => format!("−{}", duration(seconds.saturating_neg())),
    }
}

/// `Monday, 29 November 2021`
pub(super) fn day(day: NaiveDate) -> String {
    day.format("%A, %-d %B %Y").to_string()
}

/// `Monday, 29 November`
pub(super) fn day_of_the_year(day: NaiveDate) -> String {
    day.format("%A, %-d %B").to_string()
}

/// `2021-11-30T01:30:00.000000Z`
pub(super) fn moment(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_signed() {
        let numbers = [0, 7, 999, 1_000, 1_234_567, -1_452];
        assert_eq!(numbers.map(number), ["0", "7", "999", "1,000", "1,234,567", "−1,452"]);
        assert_eq!([12, -3, 0].map(change), ["+12", "−3", "±0"]);
        assert_eq!(count(1, "learner", "learners"), "1 learner");
        assert_eq!(count(0, "learner", "learners"), "0 learners");
        assert_eq!(number(i64::MIN), "−9,223,372,036,854,775,808");
    }

    #[test]
    fn averages_are_rounded_to_a_tenth() {
        assert_eq!([Some(55.64), Some(100.0), None].map(average), ["55.6", "100.0", "–"]);
        let changes = [Some(2.46), Some(-0.3), Some(-0.04), None].map(change_of_average);
        assert_eq!(changes, ["+2.5", "−0.3", "±0", "–"]);
    }

    #[test]
    fn time_is_told_in_what_fits() {
        let spans = [0, 59, 60, 3_599, 3_600, 94_860].map(duration);
        assert_eq!(spans, ["0 s", "59 s", "1 min", "59 min", "1 h 0 min", "26 h 21 min"]);
        assert_eq!([-3_900, 0, 40].map(change_of_duration), ["−1 h 5 min", "±0", "+40 s"]);
        assert_eq!(day(NaiveDate::from_ymd_opt(2021, 11, 9).unwrap()), "Tuesday, 9 November 2021");
    }
}
