//! Learners as they are shown: read from the roster, with the day on which they were last active.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use entity::student::{self, Column, Model as Student};
use sea_orm::sea_query::{Expr, ExprTrait, Query as Select, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::query::{Query, Rows};
use super::record::EVER;
use super::{Classes, Dialect, Store};
use crate::error::StoreError;

/// A learner, and when we last heard of the learner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learner {
    /// The row of the roster.
    pub student: Student,
    /// The last day with a log.
    pub last_active_on: Option<NaiveDate>,
}

/// Which learners are asked for.
#[derive(Debug, Clone, Default)]
pub struct StudentFilter {
    /// Those in this classroom.
    pub classroom: Option<String>,
    /// The one of this name.
    pub external_id: Option<String>,
    /// Those without a log on any of these days.
    pub silent_on: Option<RangeInclusive<NaiveDate>>,
}

impl Store {
    /// Learners of these classrooms in the order of their id, at most `limit`, those after `after`.
    pub async fn students(
        &self,
        classes: &Classes,
        filter: &StudentFilter,
        after: Option<i64>,
        limit: u64,
    ) -> Result<Vec<Learner>, StoreError> {
        let StudentFilter { classroom, external_id, silent_on } = filter;
        let wanted = Condition::all()
            .add_option(in_classes(classes))
            .add_option(classroom.as_deref().map(|classroom| Column::Classroom.eq(classroom)))
            .add_option(external_id.as_deref().map(|external_id| Column::ExternalId.eq(external_id)))
            .add_option(silent_on.as_ref().map(|days| silent_on_days(self.dialect, days)))
            .add_option(after.map(|after| Column::StudentId.gt(after)));
        let students = student::Entity::find().filter(wanted).order_by_asc(Column::StudentId).limit(limit);
        let students = students.all(&self.reader).await?;
        let mut days = self.last_active_days(&students).await?;
        let learner = |student: Student| {
            let last_active_on = days.remove(&student.student_id);
            Learner { student, last_active_on }
        };
        Ok(students.into_iter().map(learner).collect())
    }

    /// The learner of this id, if there is one in these classrooms.
    pub async fn student(&self, classes: &Classes, student_id: i64) -> Result<Option<Learner>, StoreError> {
        let wanted = Condition::all().add(Column::StudentId.eq(student_id)).add_option(in_classes(classes));
        let student = student::Entity::find().filter(wanted).one(&self.reader).await?;
        match student {
            Some(student) => Ok(Some(self.learner(student).await?)),
            None => Ok(None),
        }
    }

    /// A learner whose row was read or written just now.
    pub async fn learner(&self, student: Student) -> Result<Learner, StoreError> {
        let days = self.last_active_days(std::slice::from_ref(&student)).await?;
        let last_active_on = days.into_values().next();
        Ok(Learner { student, last_active_on })
    }

    async fn last_active_days(&self, students: &[Student]) -> Result<BTreeMap<i64, NaiveDate>, DbErr> {
        let rows = Rows::new().bigint("student_id", students.iter().map(|student| student.student_id));
        let days = Query::new(self.dialect, include_str!("sql/last_active_days.sql")).rows(rows);
        let days = days.bind_day("ever", EVER).all(&self.reader).await?;
        days.iter().map(|row| Ok((row.try_get("", "student_id")?, row.try_get("", "day")?))).collect()
    }
}

/// What keeps to the learners of these classrooms; nothing where it is all of them.
pub(super) fn in_classes(classes: &Classes) -> Option<SimpleExpr> {
    match classes {
        Classes::All => None,
        Classes::Only(names) => Some(Column::Classroom.is_in(names.iter().map(String::as_str))),
    }
}

/// Looks up the key of each learner until the page is full: `NOT EXISTS` would be planned as a join with all who are
/// active. What is still to be folded in is little, and read once.
fn silent_on_days(dialect: Dialect, days: &RangeInclusive<NaiveDate>) -> Condition {
    let on_these = || Expr::col("day").between(dialect.day(*days.start()), dialect.day(*days.end()));
    let of_this_learner =
        Expr::col(("learner_days", "student_id")).equals((student::Entity, Column::StudentId));
    let kept = Select::select()
        .expr(Expr::col("day").max())
        .from("learner_days")
        .and_where(of_this_learner)
        .and_where(on_these())
        .take();
    let pending =
        Select::select().column("student_id").from("pending_viewing_days").and_where(on_these()).take();
    Condition::all().add(Expr::from(kept).is_null()).add(Column::StudentId.not_in_subquery(pending))
}
