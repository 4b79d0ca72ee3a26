//! Classrooms: read, made, renamed, removed.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::classroom::Model;
use sea_orm::{DbErr, FromQueryResult, QueryResult};

use super::fold::fold;
use super::gate::change_names;
use super::query::{Query, Rows};
use super::roster::{Deleted, Lock, Patched, Writing};
use super::students::STUDENTS_ALONE;
use super::upsert::{Change, Upserted, upsert};
use super::{Classes, Dialect, Store};
use crate::error::StoreError;

/// A class of learners.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct CountedClassroom {
    /// Its name, which is its identity.
    pub classroom: String,
    /// How many learners are in it.
    pub students: i64,
    /// When it was first named.
    pub created_at: DateTime<Utc>,
}

/// A classroom that shall exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassroomChange {
    /// Its name.
    pub classroom: String,
}

const TO_REFER: Lock =
    Lock { table: "classrooms", by: "classroom", order: "classroom", strength: Lock::TO_REFER };
const ALONE: Lock = Lock { strength: Lock::ALONE, ..TO_REFER };

/// A page of some classrooms.
const OWN: &str = "JOIN {rows} ON item.wanted = classrooms.classroom \
                   WHERE classroom > {after} ORDER BY classroom LIMIT {limit}";

impl Store {
    /// Those of these classrooms that there are, in the order of their name, at most `limit`, those after `after`.
    pub async fn classrooms(
        &self,
        classes: &Classes,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<CountedClassroom>, StoreError> {
        let page = match classes {
            Classes::All => {
                classrooms(self.dialect, "WHERE classroom > {after} ORDER BY classroom LIMIT {limit}")
            }
            Classes::Only(names) => {
                classrooms(self.dialect, OWN).rows(Rows::new().text("wanted", names.iter()))
            }
        };
        // No classroom has an empty name, so every one comes after it.
        let page = page.bind("after", after.unwrap_or_default());
        Ok(counted(page.bind("limit", limit.cast_signed()).all(&self.reader).await?)?)
    }

    /// The classroom of this name, if it is one of these and there is one.
    pub async fn classroom(
        &self,
        classes: &Classes,
        classroom: &str,
    ) -> Result<Option<CountedClassroom>, StoreError> {
        if !classes.contain(classroom) {
            return Ok(None);
        }
        let one = classrooms(self.dialect, "WHERE classroom = {classroom}").bind("classroom", classroom);
        Ok(counted(one.all(&self.reader).await?)?.pop())
    }

    /// Makes the classrooms that do not exist yet; answers one outcome for each.
    pub async fn upsert_classrooms(
        &self,
        changes: Vec<ClassroomChange>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Upserted<CountedClassroom>>, StoreError> {
        let (dialect, changes) = (self.dialect, Arc::new(changes));
        self.write(move |tx| {
            let changes = Arc::clone(&changes);
            Box::pin(async move { upsert(&Writing { tx, dialect }, &changes, now).await })
        })
        .await
    }

    /// Gives a classroom another name; its learners and their history come along.
    pub async fn rename_classroom(
        &self,
        classroom: String,
        new_name: String,
    ) -> Result<Patched<CountedClassroom>, StoreError> {
        let (dialect, names) = (self.dialect, Arc::new((classroom, new_name)));
        let outcome = self.write(move |tx| {
            let names = Arc::clone(&names);
            Box::pin(async move { Writing { tx, dialect }.rename_classroom(&names.0, &names.1).await })
        });
        Patched::from_outcome(outcome.await)
    }

    /// Removes a classroom that nobody is in.
    pub async fn delete_classroom(&self, classroom: String) -> Result<Deleted, StoreError> {
        let (dialect, classroom) = (self.dialect, Arc::new(classroom));
        self.write(move |tx| {
            let classroom = Arc::clone(&classroom);
            Box::pin(async move { Writing { tx, dialect }.delete_classroom(&classroom).await })
        })
        .await
    }
}

impl Change for ClassroomChange {
    type Row = CountedClassroom;

    fn key(&self) -> &str {
        &self.classroom
    }

    fn key_of(row: &CountedClassroom) -> &str {
        &row.classroom
    }

    fn create(&self, now: DateTime<Utc>) -> Result<CountedClassroom, &'static str> {
        let Self { classroom } = self;
        Ok(CountedClassroom { classroom: classroom.clone(), students: 0, created_at: now })
    }

    fn apply(&self, row: CountedClassroom) -> CountedClassroom {
        row
    }

    async fn lock(on: &Writing<'_>, keys: BTreeSet<&str>) -> Result<Vec<CountedClassroom>, DbErr> {
        on.lock::<Model>(TO_REFER, Rows::new().text("wanted", keys.iter().copied())).await?;
        let named = classrooms(on.dialect, "JOIN {rows} ON item.wanted = classrooms.classroom");
        counted(named.rows(Rows::new().text("wanted", keys)).all(on.tx).await?)
    }

    async fn insert(on: &Writing<'_>, rows: Vec<&CountedClassroom>) -> Result<Vec<CountedClassroom>, DbErr> {
        let inserted =
            on.insert_classrooms(rows.iter().map(|row| (row.classroom.as_str(), row.created_at))).await?;
        let empty = |Model { classroom, created_at }| CountedClassroom { classroom, students: 0, created_at };
        Ok(inserted.into_iter().map(empty).collect())
    }

    async fn update(_: &Writing<'_>, _: Vec<(&CountedClassroom, &CountedClassroom)>) -> Result<(), DbErr> {
        // A classroom is its name: there is nothing else to change.
        Ok(())
    }
}

impl Writing<'_> {
    /// Makes the classrooms that do not exist yet, and keeps all of them from being renamed or removed meanwhile.
    pub(super) async fn hold_classrooms(
        &self,
        names: BTreeSet<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), DbErr> {
        while !names.is_empty() {
            let held: Vec<Model> =
                self.lock(TO_REFER, Rows::new().text("wanted", names.iter().copied())).await?;
            if held.len() == names.len() {
                break;
            }
            let held: BTreeSet<&str> = held.iter().map(|row| row.classroom.as_str()).collect();
            self.insert_classrooms(names.difference(&held).map(|name| (*name, now))).await?;
        }
        Ok(())
    }

    /// Keeps those of these classrooms that there are from being renamed or removed meanwhile; names the others.
    pub(super) async fn hold_known_classrooms(
        &self,
        names: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, DbErr> {
        let held: Vec<Model> = self.lock(TO_REFER, Rows::new().text("wanted", names.iter())).await?;
        let held: BTreeSet<String> = held.into_iter().map(|row| row.classroom).collect();
        Ok(names.difference(&held).cloned().collect())
    }

    async fn insert_classrooms<'n>(
        &self,
        classrooms: impl IntoIterator<Item = (&'n str, DateTime<Utc>)>,
    ) -> Result<Vec<Model>, DbErr> {
        let (names, times): (Vec<_>, Vec<_>) = classrooms.into_iter().unzip();
        let rows = Rows::new().text("classroom", names).time("created_at", times);
        let rows = self.query(include_str!("sql/insert_classrooms.sql")).rows(rows).all(self.tx).await?;
        rows.iter().map(|row| Model::from_query_result(row, "")).collect()
    }

    async fn rename_classroom(&self, classroom: &str, new_name: &str) -> Result<CountedClassroom, DbErr> {
        let old: Model = self.lock_one(ALONE, Rows::new().text("wanted", [classroom])).await?;
        let students = Rows::new().text("wanted", [classroom]);
        let students: Vec<entity::student::Model> =
            self.lock(Lock { by: "classroom", ..STUDENTS_ALONE }, students).await?;
        if classroom != new_name {
            // While what was appended still belongs to the old name.
            fold(self.tx, self.dialect).await?;
            let insert =
                self.query("INSERT INTO classrooms (classroom, created_at) VALUES ({name}, {created_at})");
            insert.bind("name", new_name).bind_time("created_at", old.created_at).execute(self.tx).await?;
            let follow = self.query("UPDATE students SET classroom = {name} WHERE classroom = {classroom}");
            follow.bind("name", new_name).bind("classroom", classroom).execute(self.tx).await?;
            change_names(self.tx, self.dialect).await?;
            let follow =
                self.query("UPDATE classroom_days SET classroom = {name} WHERE classroom = {classroom}");
            follow.bind("name", new_name).bind("classroom", classroom).execute(self.tx).await?;
            // Whose learners an educator sees follows as well.
            let follow =
                self.query("UPDATE user_classrooms SET classroom = {name} WHERE classroom = {classroom}");
            follow.bind("name", new_name).bind("classroom", classroom).execute(self.tx).await?;
            self.remove_classroom(classroom).await?;
            self.raise_days_of(students.iter().map(|student| student.student_id)).await?;
        }
        let (students, created_at) = (students.len() as i64, old.created_at);
        Ok(CountedClassroom { classroom: new_name.to_owned(), students, created_at })
    }

    async fn delete_classroom(&self, classroom: &str) -> Result<Deleted, DbErr> {
        let rows: Vec<Model> = self.lock(ALONE, Rows::new().text("wanted", [classroom])).await?;
        if rows.is_empty() {
            return Ok(Deleted::Absent);
        }
        let learner = self.query("SELECT 1 FROM students WHERE classroom = {classroom} LIMIT 1");
        if learner.bind("classroom", classroom).one(self.tx).await?.is_some() {
            return Ok(Deleted::InUse);
        }
        // What is counted of it without a learner is of those who were erased after their days were closed.
        let counted = self.query(include_str!("sql/uses_of_classroom.sql"));
        if counted.bind("classroom", classroom).one(self.tx).await?.is_some() {
            return Ok(Deleted::InUse);
        }
        self.remove_classroom(classroom).await?;
        Ok(Deleted::Done)
    }

    async fn remove_classroom(&self, classroom: &str) -> Result<(), DbErr> {
        for delete in [
            "DELETE FROM classroom_days WHERE classroom = {classroom}",
            "DELETE FROM classrooms WHERE classroom = {classroom}",
        ] {
            self.query(delete).bind("classroom", classroom).execute(self.tx).await?;
        }
        Ok(())
    }
}

/// Reads classrooms with their learners counted; `which` goes on after `FROM classrooms`.
fn classrooms(dialect: Dialect, which: &'static str) -> Query {
    Query::new(dialect, include_str!("sql/classrooms.sql")).name("which", which)
}

fn counted(rows: Vec<QueryResult>) -> Result<Vec<CountedClassroom>, DbErr> {
    rows.iter().map(|row| CountedClassroom::from_query_result(row, "")).collect()
}
