//! What was refused, read latest first.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use entity::rejected_log;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::query::{Query, from_hex, hex};
use super::streaming_logs::moment;
use super::{RejectedLogKey, Store};
use crate::error::StoreError;

/// Which rejected logs are asked for.
#[derive(Debug, Clone, Default)]
pub struct RejectedLogFilter {
    /// Sent by this API client.
    pub client: Option<String>,
    /// Refused for this reason.
    pub code: Option<String>,
    /// This one.
    pub key: Option<RejectedLogKey>,
    /// Only those that were kept whole, which a replay needs.
    pub whole_only: bool,
}

/// Where the list of rejected logs goes on: after this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLogPosition {
    /// When it last came.
    pub last_seen: DateTime<Utc>,
    /// Which one it is.
    pub key: RejectedLogKey,
}

impl Display for RejectedLogPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { last_seen, key } = self;
        write!(f, "{} {key}", last_seen.timestamp_micros())
    }
}

impl FromStr for RejectedLogPosition {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (last_seen, key) = text.split_once(' ').ok_or(())?;
        Ok(Self { last_seen: moment(Some(last_seen)).ok_or(())?, key: key.parse()? })
    }
}

impl Display for RejectedLogKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { client, payload_hash } = self;
        write!(f, "{}-{client}", hex(payload_hash))
    }
}

impl FromStr for RejectedLogKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (payload_hash, client) = text.split_once('-').ok_or(())?;
        let payload_hash = from_hex(payload_hash).ok_or(())?;
        // PostgreSQL takes no U+0000, and no client is called so.
        let is_name = !client.contains(char::is_control);
        is_name.then(|| Self { client: client.to_owned(), payload_hash }).ok_or(())
    }
}

impl Store {
    /// Rejected logs in the order latest first, then client and hash; at most `limit`, those after `after`.
    pub async fn rejected_logs(
        &self,
        filter: &RejectedLogFilter,
        after: Option<&RejectedLogPosition>,
        limit: u64,
    ) -> Result<Vec<rejected_log::Model>, StoreError> {
        use rejected_log::Column;
        let mut wanted = Condition::all()
            .add_option(filter.client.as_ref().map(|client| Column::Client.eq(client.as_str())))
            .add_option(filter.code.as_ref().map(|code| Column::Code.eq(code.as_str())))
            .add_option(filter.key.as_ref().map(|RejectedLogKey { client, payload_hash }| {
                Column::Client.eq(client.as_str()).and(Column::PayloadHash.eq(payload_hash.clone()))
            }))
            .add_option(filter.whole_only.then(|| Column::Truncated.eq(false)));
        if let Some(RejectedLogPosition { last_seen, key }) = after {
            let moment = || Expr::val(self.dialect.time(*last_seen));
            let seen = || Expr::col(Column::LastSeen);
            let later_in_it = Condition::any().add(Column::Client.gt(key.client.as_str())).add(
                Column::Client.eq(key.client.as_str()).and(Column::PayloadHash.gt(key.payload_hash.clone())),
            );
            let at_the_same_moment = Condition::all().add(seen().eq(moment())).add(later_in_it);
            wanted = wanted.add(Condition::any().add(seen().lt(moment())).add(at_the_same_moment));
        }
        let logs = rejected_log::Entity::find()
            .filter(wanted)
            .order_by_desc(Column::LastSeen)
            .order_by_asc(Column::Client)
            .order_by_asc(Column::PayloadHash)
            .limit(limit);
        Ok(logs.all(&self.reader).await?)
    }

    /// How many logs that arrived on a day were refused, each time anew.
    pub async fn refused_on(&self, day: NaiveDate) -> Result<i64, StoreError> {
        let refused =
            "SELECT CAST(COALESCE(SUM(rejected), 0) AS bigint) FROM counted_intake_days WHERE day = {day}";
        let row = Query::new(self.dialect, refused).bind_day("day", day).one(&self.reader).await?;
        Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
    }
}
