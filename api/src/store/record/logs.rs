//! The logs themselves: inserted where they are new, compared where they are not.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::{DbErr, QueryResult};

use super::candidate::{Candidate, Content, Key};
use super::{Expected, Recording};
use crate::store::query::{Query, Rows};

/// What the database holds for the keys of a group.
pub(super) struct StoredLogs {
    new: HashSet<Key>,
    content: HashMap<Key, Content<'static>>,
}

impl StoredLogs {
    /// Whether the key was not there before.
    pub(super) fn is_new(&self, key: Key) -> bool {
        self.new.contains(&key)
    }

    /// Whether what is stored under its key says the same as this candidate.
    pub(super) fn holds(&self, candidate: &Candidate<'_>) -> bool {
        self.content.get(&candidate.key).is_some_and(|content| candidate.says_the_same_as(content))
    }
}

impl Recording<'_> {
    /// Inserts the first candidate of each key that is not there; where there are others, or the key was taken, fetches
    /// what is stored.
    pub(super) async fn store_logs(
        &self,
        candidates: &[Candidate<'_>],
        expected: Expected,
    ) -> Result<StoredLogs, DbErr> {
        let mut first_of_key = BTreeMap::new();
        for candidate in candidates {
            first_of_key.entry(candidate.key).or_insert(candidate);
        }
        let keys_repeat = first_of_key.len() < candidates.len();
        let mut content = match expected {
            Expected::NewLogs => HashMap::new(),
            Expected::Duplicates => self.stored_content(first_of_key.keys().copied().collect()).await?,
        };
        first_of_key.retain(|key, _| !content.contains_key(key));
        let new = self.insert(first_of_key.values().copied()).await?;
        // A key that came once and went in needs no comparison.
        first_of_key.retain(|key, _| keys_repeat || !new.contains(key));
        content.extend(self.stored_content(first_of_key.into_keys().collect()).await?);
        Ok(StoredLogs { content, new })
    }

    async fn insert<'c, 'g: 'c>(
        &self,
        logs: impl Iterator<Item = &'c Candidate<'g>> + Clone,
    ) -> Result<HashSet<Key>, DbErr> {
        if logs.clone().next().is_none() {
            return Ok(HashSet::new());
        }
        let inserted =
            Query::new(self.dialect, include_str!("../sql/insert_streaming_logs.sql")).rows(log_rows(logs));
        inserted.all(self.tx).await?.iter().map(key_of).collect()
    }

    async fn stored_content(&self, keys: Vec<Key>) -> Result<HashMap<Key, Content<'static>>, DbErr> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = Rows::new()
            .bigint("student_id", keys.iter().map(|key| key.0))
            .uuid("log_id", keys.iter().map(|key| key.1));
        let stored = Query::new(self.dialect, include_str!("../sql/stored_streaming_logs.sql")).rows(rows);
        let stored = stored.all(self.tx).await?;
        stored.iter().map(|row| Ok((key_of(row)?, content_of(row)?))).collect()
    }
}

/// For `streaming_logs`.
pub(super) fn log_rows<'c, 'g: 'c>(logs: impl Iterator<Item = &'c Candidate<'g>> + Clone) -> Rows {
    let content = || logs.clone().map(|log| &log.content);
    let figure = |figure: Option<i32>| figure.map_or(-1, i64::from);
    Rows::new()
        .uuid("log_id", logs.clone().map(|log| log.key.1))
        .bigint("student_id", logs.clone().map(|log| log.key.0))
        .bigint("lesson_id", content().map(|log| log.lesson_id))
        .text("event_type", content().map(|log| log.event_type.as_ref()))
        .bigint("watch_time_seconds", content().map(|log| figure(log.watch_time_seconds)))
        .bigint("completion_percentage", content().map(|log| figure(log.completion_percentage)))
        .time("event_timestamp", content().map(|log| log.event_timestamp))
        .time("received_at", logs.clone().map(|log| log.received_at))
}

fn key_of(row: &QueryResult) -> Result<Key, DbErr> {
    Ok((row.try_get("", "student_id")?, row.try_get("", "log_id")?))
}

fn content_of(row: &QueryResult) -> Result<Content<'static>, DbErr> {
    Ok(Content {
        lesson_id: row.try_get("", "lesson_id")?,
        event_type: Cow::Owned(row.try_get("", "event_type")?),
        watch_time_seconds: row.try_get("", "watch_time_seconds")?,
        completion_percentage: row.try_get("", "completion_percentage")?,
        event_timestamp: row.try_get("", "event_timestamp")?,
    })
}
