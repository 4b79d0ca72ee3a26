//! Who is kept out: names, asked whether they have a tombstone.

use std::collections::{BTreeMap, BTreeSet};

use entity::erasure::{self, Column};
use entity::student::Model as Student;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use super::erasures::ErasureKey;
use super::query::{Query, Rows};
use super::roster::Writing;
use super::upsert::Upserted;
use super::{Dialect, Store};
use crate::error::StoreError;

/// Which of these learners, named as rejected logs do, were erased.
pub(super) async fn erased_among(
    on: &impl ConnectionTrait,
    dialect: Dialect,
    key: &ErasureKey,
    learner_refs: BTreeSet<String>,
) -> Result<BTreeSet<String>, DbErr> {
    // Most installations have erased nobody: then there is nothing to hash.
    if learner_refs.is_empty() || !has_tombstones(on).await? {
        return Ok(BTreeSet::new());
    }
    let by_hash: BTreeMap<Vec<u8>, String> = learner_refs.into_iter().map(|it| (key.hash(&it), it)).collect();
    let known = Query::new(dialect, include_str!("sql/erased_among.sql"));
    let rows = known.rows(Rows::new().bytes("hash", by_hash.keys().cloned())).all(on).await?;
    let hashes = rows.iter().map(|row| row.try_get_by_index::<Vec<u8>>(0));
    let hashes: Vec<Vec<u8>> = hashes.collect::<Result<_, _>>()?;
    Ok(hashes.iter().filter_map(|hash| by_hash.get(hash).cloned()).collect())
}

async fn has_tombstones(on: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(erasure::Entity::find().filter(Column::LiftedAt.is_null()).one(on).await?.is_some())
}

/// Those of these external ids whose learners were erased.
pub(super) async fn erased_names<'n>(
    on: &impl ConnectionTrait,
    dialect: Dialect,
    key: Option<&ErasureKey>,
    external_ids: impl IntoIterator<Item = &'n str>,
) -> Result<BTreeSet<String>, DbErr> {
    let refs: BTreeSet<String> = external_ids.into_iter().map(|name| format!("ref:{name}")).collect();
    let Some(key) = key.filter(|_| !refs.is_empty()) else { return Ok(BTreeSet::new()) };
    let erased = erased_among(on, dialect, key, refs).await?;
    Ok(erased.iter().filter_map(|it| it.strip_prefix("ref:").map(str::to_owned)).collect())
}

impl Store {
    /// Whether a learner of this external id was erased.
    pub async fn is_erased(&self, external_id: &str) -> Result<bool, StoreError> {
        Ok(!self.erased_names([external_id]).await?.is_empty())
    }

    /// Those of these external ids whose learners were erased.
    pub(super) async fn erased_names<'n>(
        &self,
        external_ids: impl IntoIterator<Item = &'n str>,
    ) -> Result<BTreeSet<String>, DbErr> {
        erased_names(&self.reader, self.dialect, self.erasure_key.as_deref(), external_ids).await
    }
}

impl Writing<'_> {
    /// An erasure may have ended while we waited for the learner's row, which we then took for one that never was. Its
    /// tombstone is there by now.
    pub(super) async fn keep_out_the_erased(
        &self,
        key: Option<&ErasureKey>,
        outcomes: Vec<Upserted<Student>>,
    ) -> Result<Vec<Upserted<Student>>, DbErr> {
        let created: Vec<&Student> = outcomes.iter().filter_map(Upserted::created).collect();
        let names: Vec<&str> = created.iter().map(|row| row.external_id.as_str()).collect();
        let erased = erased_names(self.tx, self.dialect, key, names).await?;
        if erased.is_empty() {
            return Ok(outcomes);
        }
        let back = created.iter().filter(|row| erased.contains(&row.external_id));
        let back = Rows::new().bigint("student_id", back.map(|row| row.student_id));
        let delete = "DELETE FROM students WHERE student_id IN (SELECT item.student_id FROM {rows})";
        self.query(delete).rows(back).execute(self.tx).await?;
        let is_erased =
            |it: &Upserted<Student>| it.row().is_some_and(|row| erased.contains(&row.external_id));
        let outcome = |it| if is_erased(&it) { Upserted::Erased } else { it };
        Ok(outcomes.into_iter().map(outcome).collect())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use entity::student;
    use uuid::Uuid;

    use super::*;
    use crate::store::{
        Actor, Calendar, Erasure, Field, Patched, StudentChange, StudentFields, StudentPatch, TemporaryStore,
    };

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn fields(classroom: Option<&str>) -> StudentFields {
        StudentFields { name: Field::Absent, classroom: classroom.map(str::to_owned) }
    }

    fn enrol(external_id: &str) -> StudentChange {
        StudentChange { external_id: external_id.to_owned(), fields: fields(Some("A")) }
    }

    async fn erase(store: &Store, student_id: i64) {
        let calendar = Calendar { zone: chrono_tz::UTC, threshold: 90 };
        let erasure = Erasure { student_id, receipt_id: Uuid::nil(), by: Actor::cli(), at: NOW };
        assert!(store.erase_student(calendar, erasure).await.unwrap().is_some());
    }

    /// As it is for whoever looked for tombstones before the erasure, and then waited for its end.
    async fn an_erasure_that_ends_while_we_wait_counts(store: &Store) {
        let outcomes = store.upsert_students(vec![enrol("ada"), enrol("bob")], NOW).await.unwrap();
        let ids: Vec<i64> = outcomes.iter().filter_map(Upserted::created).map(|row| row.student_id).collect();
        erase(store, ids[0]).await;
        let late = vec![enrol("ada"), enrol("cyd"), enrol("bob"), enrol("ada")];
        let late = store.upsert_those_let_in(late, NOW).await.unwrap();
        let [Upserted::Erased, Upserted::Created(_), Upserted::Unchanged(_), Upserted::Erased] = &late[..]
        else {
            panic!("{late:?}");
        };
        let patch = StudentPatch { external_id: Some("ada".to_owned()), fields: fields(None) };
        assert!(matches!(store.patch_student(ids[1], patch, NOW).await.unwrap(), Patched::Taken));
        let left = student::Entity::find().all(&store.reader).await.unwrap();
        let mut left: Vec<String> = left.into_iter().map(|row| row.external_id).collect();
        left.sort();
        assert_eq!(left, ["bob", "cyd"]);
    }

    #[tokio::test]
    async fn an_erasure_that_ends_while_we_wait_counts_on_sqlite() {
        an_erasure_that_ends_while_we_wait_counts(&TemporaryStore::open().await.store).await;
    }

    #[tokio::test]
    async fn an_erasure_that_ends_while_we_wait_counts_on_postgres() {
        let temporary = TemporaryStore::open_on_postgres().await;
        an_erasure_that_ends_while_we_wait_counts(&temporary.store).await;
        temporary.close().await;
    }
}
