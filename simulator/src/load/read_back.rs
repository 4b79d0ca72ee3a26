//! What the server has of a load, page by page.

use std::collections::HashMap;
use std::iter::successors;
use std::ops::Range;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::client::{Client, Failure, Request};

/// Lists that are read at the same time.
pub(super) const AT_ONCE: usize = 8;

/// The most that one page holds.
pub(super) const PAGE: usize = 1_000;

/// The longest stretch about which the server answers where no learner is named.
const LONGEST_STRETCH: TimeDelta = TimeDelta::days(1);

/// Into how many stretches a span is cut that is shorter: enough that all who read have some until the end.
const STRETCHES: i32 = 64;

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Student {
    student_id: i64,
    external_id: String,
}

#[derive(Deserialize)]
struct Log {
    log_id: Uuid,
    student_id: i64,
}

/// The server's ids of all learners, by external id.
pub(super) async fn students(client: &Client) -> Result<HashMap<String, i64>, Failure> {
    let students: Vec<Student> = pages(client, "/students", Vec::new()).await?;
    Ok(students.into_iter().map(|student| (student.external_id, student.student_id)).collect())
}

/// All logs of a learner.
pub(super) async fn logs_of(client: &Client, student_id: i64) -> Result<Vec<Uuid>, Failure> {
    let of_student = vec![("student_id", student_id.to_string())];
    let logs: Vec<Log> = pages(client, "/streaming-logs", of_student).await?;
    Ok(logs.into_iter().map(|log| log.log_id).collect())
}

/// All logs of a span of time, by their learners. `tell` hears how many there are so far.
pub(super) async fn logs_during(
    client: &Client,
    span: Range<DateTime<Utc>>,
    mut tell: impl FnMut(u64),
) -> Result<HashMap<i64, Vec<Uuid>>, Failure> {
    let stretches = stretches(span).map(|stretch| {
        let moment = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Micros, true);
        let window = vec![("from", moment(stretch.start)), ("to", moment(stretch.end))];
        pages::<Log>(client, "/streaming-logs", window)
    });
    let mut reading = stream::iter(stretches).buffer_unordered(AT_ONCE);
    let (mut logs, mut read) = (HashMap::<i64, Vec<Uuid>>::new(), 0);
    while let Some(stretch) = reading.try_next().await? {
        read += stretch.len() as u64;
        for Log { log_id, student_id } in stretch {
            logs.entry(student_id).or_default().push(log_id);
        }
        tell(read);
    }
    Ok(logs)
}

/// A span as stretches about which the server answers, in their order.
fn stretches(span: Range<DateTime<Utc>>) -> impl Iterator<Item = Range<DateTime<Utc>>> {
    let Range { start, end } = span;
    let length = ((end - start) / STRETCHES).clamp(TimeDelta::seconds(1), LONGEST_STRETCH);
    successors(Some(start), move |&from| Some(from + length))
        .take_while(move |&from| from < end)
        .map(move |from| from..(from + length).min(end))
}

/// Every page of a list.
async fn pages<T: DeserializeOwned>(
    client: &Client,
    path: &'static str,
    filter: Vec<(&'static str, String)>,
) -> Result<Vec<T>, Failure> {
    let (mut items, mut cursor) = (Vec::new(), None);
    loop {
        let mut query = filter.clone();
        query.push(("limit", PAGE.to_string()));
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let page: Page<T> = client.send(&Request::get(path, query)).await?;
        items.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(items);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(length: TimeDelta) -> Vec<Range<DateTime<Utc>>> {
        stretches(DateTime::UNIX_EPOCH..DateTime::UNIX_EPOCH + length).collect()
    }

    #[test]
    fn a_span_is_cut_without_gaps_into_what_the_server_answers() {
        for seconds in [1, 2, 59, 3_600, 7_201, 86_400, 86_401, 40 * 86_400 + 7, 400 * 86_400] {
            let stretches = cut(TimeDelta::seconds(seconds));
            assert_eq!(stretches[0].start, DateTime::UNIX_EPOCH);
            let end = DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
            assert_eq!(stretches.last().unwrap().end, end, "{seconds}");
            assert!(stretches.windows(2).all(|pair| pair[0].end == pair[1].start), "{seconds}");
            let fits = |it: &Range<DateTime<Utc>>| it.start < it.end && it.end - it.start <= LONGEST_STRETCH;
            assert!(stretches.iter().all(fits), "{seconds}");
        }
        assert!(cut(TimeDelta::zero()).is_empty());
        assert_eq!(cut(TimeDelta::hours(2)).len(), 64);
    }
}
