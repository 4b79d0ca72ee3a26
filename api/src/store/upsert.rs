//! Many changes to the roster at once, each to a row that may exist or not.
//!
//! Every statement works on the whole set, whatever its size. Changes to the same row apply in the order in which they
//! were sent; what becomes of each is decided in memory, on rows that are locked.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, FromQueryResult};

use super::roster::Writing;

/// What an upsert did with one change, and the row as it is now.
#[derive(Debug)]
pub enum Upserted<R> {
    /// There was no such row.
    Created(R),
    /// The row had other values.
    Updated(R),
    /// The row had these values already.
    Unchanged(R),
    /// There is no such row, and the change lacks this field, which a new one needs.
    Incomplete(&'static str),
    /// Whoever this names was erased, and is kept out.
    Erased,
}

impl<R> Upserted<R> {
    /// The row, where there is one.
    pub(super) fn row(&self) -> Option<&R> {
        match self {
            Self::Created(row) | Self::Updated(row) | Self::Unchanged(row) => Some(row),
            Self::Incomplete(_) | Self::Erased => None,
        }
    }

    /// The row, where there was none.
    pub(super) fn created(&self) -> Option<&R> {
        self.row().filter(|_| matches!(self, Self::Created(_)))
    }
}

/// What a change says of a field that may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field<T> {
    /// Nothing: the value stays.
    Absent,
    /// That it is empty: the value goes.
    Empty,
    /// The new value.
    Given(T),
}

impl<T: Clone> Field<T> {
    /// The value after the change, from the one before.
    pub(super) fn over(&self, before: Option<T>) -> Option<T> {
        match self {
            Self::Absent => before,
            Self::Empty => None,
            Self::Given(value) => Some(value.clone()),
        }
    }
}

/// A change to one row, which it names by the client's own key.
pub(super) trait Change: Sync {
    /// The row.
    type Row: FromQueryResult + Clone + PartialEq + Send + Sync;

    fn key(&self) -> &str;
    fn key_of(row: &Self::Row) -> &str;

    /// The row that this change makes where there is none, or the field that it lacks.
    fn create(&self, now: DateTime<Utc>) -> Result<Self::Row, &'static str>;
    /// The row that this change makes of another one.
    fn apply(&self, row: Self::Row) -> Self::Row;

    /// Locks the rows of these keys, as far as they exist.
    fn lock(
        on: &Writing<'_>,
        keys: BTreeSet<&str>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, DbErr>> + Send;
    /// Inserts these rows, except where somebody else just inserted one of the same key; returns those inserted.
    fn insert(
        on: &Writing<'_>,
        rows: Vec<&Self::Row>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, DbErr>> + Send;
    /// Writes the second of each pair over the first, which is locked.
    fn update(
        on: &Writing<'_>,
        rows: Vec<(&Self::Row, &Self::Row)>,
    ) -> impl Future<Output = Result<(), DbErr>> + Send;
}

/// Applies the changes in their order; answers one outcome for each.
pub(super) async fn upsert<C: Change>(
    on: &Writing<'_>,
    changes: &[C],
    now: DateTime<Utc>,
) -> Result<Vec<Upserted<C::Row>>, DbErr> {
    let mut drafts = Drafts::new();
    let mut decisions: Vec<Decision> = vec![Decision::Unchanged; changes.len()];
    let mut undecided: Vec<usize> = (0..changes.len()).collect();
    while !undecided.is_empty() {
        let keys = undecided.iter().map(|&at| changes[at].key()).collect();
        drafts.know(C::lock(on, keys).await?);
        for &at in &undecided {
            decisions[at] = drafts.decide(&changes[at], now);
        }
        let created = drafts.created();
        if created.is_empty() {
            break;
        }
        drafts.know(C::insert(on, created).await?);
        // Rows that somebody else created after we looked: theirs are committed now, so these changes apply to them.
        let lost = drafts.forget_created();
        undecided.retain(|&at| lost.contains(changes[at].key()));
    }
    C::update(on, drafts.updated()).await?;
    Ok(changes.iter().zip(decisions).map(|(change, decision)| drafts.outcome(change, decision)).collect())
}

/// What was decided for one change.
#[derive(Clone, Copy)]
enum Decision {
    Created,
    Updated,
    Unchanged,
    Incomplete(&'static str),
}

/// The rows that are being changed, by key, and so in the order in which they are inserted.
struct Drafts<C: Change> {
    rows: BTreeMap<String, Draft<C::Row>>,
}

struct Draft<R> {
    /// As the database has it; none where it has no such row.
    stored: Option<R>,
    /// As it shall be.
    wanted: R,
}

impl<C: Change> Drafts<C> {
    fn new() -> Self {
        Self { rows: BTreeMap::new() }
    }

    fn know(&mut self, rows: Vec<C::Row>) {
        for row in rows {
            let draft = Draft { stored: Some(row.clone()), wanted: row };
            self.rows.insert(C::key_of(&draft.wanted).to_owned(), draft);
        }
    }

    fn decide(&mut self, change: &C, now: DateTime<Utc>) -> Decision {
        if let Some(draft) = self.rows.get_mut(change.key()) {
            let wanted = change.apply(draft.wanted.clone());
            if wanted == draft.wanted {
                return Decision::Unchanged;
            }
            draft.wanted = wanted;
            return Decision::Updated;
        }
        match change.create(now) {
            Ok(wanted) => {
                self.rows.insert(change.key().to_owned(), Draft { stored: None, wanted });
                Decision::Created
            }
            Err(field) => Decision::Incomplete(field),
        }
    }

    fn created(&self) -> Vec<&C::Row> {
        self.rows.values().filter(|draft| draft.stored.is_none()).map(|draft| &draft.wanted).collect()
    }

    fn forget_created(&mut self) -> BTreeSet<String> {
        let lost = self.rows.extract_if(.., |_, draft| draft.stored.is_none());
        lost.map(|(key, _)| key).collect()
    }

    fn updated(&self) -> Vec<(&C::Row, &C::Row)> {
        let pairs = self.rows.values().filter_map(|draft| Some((draft.stored.as_ref()?, &draft.wanted)));
        pairs.filter(|(stored, wanted)| stored != wanted).collect()
    }

    fn outcome(&self, change: &C, decision: Decision) -> Upserted<C::Row> {
        let row = self.rows.get(change.key()).map(|draft| draft.wanted.clone());
        match (decision, row) {
            (Decision::Created, Some(row)) => Upserted::Created(row),
            (Decision::Updated, Some(row)) => Upserted::Updated(row),
            (Decision::Unchanged, Some(row)) => Upserted::Unchanged(row),
            (Decision::Incomplete(field), _) => Upserted::Incomplete(field),
            // A decision without a row cannot be: whatever is not incomplete has one.
            (_, None) => Upserted::Incomplete("external_id"),
        }
    }
}
