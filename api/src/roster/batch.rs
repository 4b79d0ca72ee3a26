//! What a client posted, as changes for the store; and what became of them, as an answer.

use actix_web::HttpResponse;
use actix_web::http::header;
use serde::Serialize;
use utoipa::ToSchema;

use super::posted_row::PostedRow;
use super::roster_body::{RosterBody, refused};
use crate::error::{Fault, Problem};
use crate::rejected_item::RejectedItem;
use crate::store::Upserted;

/// The answer to an array or a CSV.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RosterVerdicts {
    /// Rows that are new.
    created: u64,
    /// Rows that got other values.
    updated: u64,
    /// Rows that had these values already.
    unchanged: u64,
    /// Rows that were refused, in the order in which they were sent.
    rejected: Vec<RejectedItem>,
}

/// The answer to a posted roster.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum RosterAnswer<T> {
    /// To one object: as it is now.
    One(T),
    /// To an array or a CSV.
    Many(RosterVerdicts),
}

/// The rows of one request.
pub(super) struct Batch<C> {
    is_one: bool,
    changes: Vec<C>,
    /// Where in the body each change stands.
    indexes: Vec<usize>,
    rejected: Vec<RejectedItem>,
}

/// A row as it is told to clients, and where it can be read again.
pub(super) trait Resource: Serialize {
    /// The path of its URL.
    fn location(&self) -> String;
}

impl<C> Batch<C> {
    /// Parses each row. A single object that has faults is a problem; in a list it is a rejected item.
    pub(super) fn parse(
        body: RosterBody,
        parse: impl Fn(PostedRow) -> Result<C, Vec<Fault>>,
    ) -> Result<Self, Problem> {
        let rows = match body {
            RosterBody::One(row) => {
                let changes = vec![parse(row).map_err(refused)?];
                return Ok(Self { is_one: true, changes, indexes: vec![0], rejected: Vec::new() });
            }
            RosterBody::Many(rows) => rows,
        };
        let mut batch =
            Self { is_one: false, changes: Vec::new(), indexes: Vec::new(), rejected: Vec::new() };
        for (index, row) in rows.into_iter().enumerate() {
            match row.map_err(|fault| vec![fault]).and_then(&parse) {
                Ok(change) => {
                    batch.changes.push(change);
                    batch.indexes.push(index);
                }
                Err(faults) => {
                    batch.rejected.extend(faults.into_iter().next().map(|fault| rejected(index, fault)))
                }
            }
        }
        Ok(batch)
    }

    /// The changes, for the store; it answers one outcome for each.
    pub(super) fn take_changes(&mut self) -> Vec<C> {
        std::mem::take(&mut self.changes)
    }

    /// 201 or 200 with the one object as it is to be shown, or 200 with a list's verdicts.
    pub(super) async fn answer<R, T: Resource>(
        self,
        outcomes: Vec<Upserted<R>>,
        show: impl AsyncFnOnce(R) -> Result<T, Problem>,
    ) -> Result<HttpResponse, Problem> {
        if !self.is_one {
            return Ok(HttpResponse::Ok().json(RosterAnswer::<T>::Many(self.verdicts(outcomes))));
        }
        match outcomes.into_iter().next() {
            Some(Upserted::Created(row)) => {
                let row = show(row).await?;
                let location = (header::LOCATION, row.location());
                Ok(HttpResponse::Created().insert_header(location).json(RosterAnswer::One(row)))
            }
            Some(Upserted::Updated(row) | Upserted::Unchanged(row)) => {
                Ok(HttpResponse::Ok().json(RosterAnswer::One(show(row).await?)))
            }
            Some(Upserted::Incomplete(field)) => Err(refused(vec![incomplete(field)])),
            Some(Upserted::Erased) => Err(refused(vec![erased()])),
            None => Err(Problem::internal("a row got no outcome")),
        }
    }

    fn verdicts<R>(self, outcomes: Vec<Upserted<R>>) -> RosterVerdicts {
        let mut verdicts = RosterVerdicts { rejected: self.rejected, ..RosterVerdicts::default() };
        for (index, outcome) in self.indexes.into_iter().zip(outcomes) {
            match outcome {
                Upserted::Created(_) => verdicts.created += 1,
                Upserted::Updated(_) => verdicts.updated += 1,
                Upserted::Unchanged(_) => verdicts.unchanged += 1,
                Upserted::Incomplete(field) => verdicts.rejected.push(rejected(index, incomplete(field))),
                Upserted::Erased => verdicts.rejected.push(rejected(index, erased())),
            }
        }
        verdicts.rejected.sort_by_key(|item| item.index);
        verdicts
    }
}

fn rejected(index: usize, fault: Fault) -> RejectedItem {
    let Fault { pointer, code, detail } = fault;
    RejectedItem { index, code, reason: detail, pointer: Some(pointer).filter(|pointer| !pointer.is_empty()) }
}

fn incomplete(field: &str) -> Fault {
    Fault { pointer: format!("/{field}"), code: "missing_field", detail: format!("a new one needs {field}") }
}

fn erased() -> Fault {
    let detail = "this learner was erased, and stays out until an operator lifts that".to_owned();
    Fault { pointer: "/external_id".to_owned(), code: "erased", detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Result<PostedRow, Fault> {
        PostedRow::from_json(json)
    }

    fn told(item: &RejectedItem) -> (usize, &'static str, Option<&str>) {
        (item.index, item.code, item.pointer.as_deref())
    }

    #[test]
    fn refused_rows_keep_their_place_among_those_that_the_store_refuses() {
        let rows = vec![row("{}"), row("7"), row(r#"{"unknown": 1}"#), row("{}"), row("{}")];
        let mut batch = Batch::parse(RosterBody::Many(rows), |row| row.finish(Some(()))).unwrap();
        assert_eq!(batch.take_changes().len(), 3);
        let outcomes =
            vec![Upserted::Incomplete("classroom"), Upserted::Created(()), Upserted::Unchanged(())];
        let verdicts = batch.verdicts(outcomes);
        assert_eq!((verdicts.created, verdicts.updated, verdicts.unchanged), (1, 0, 1));
        let told: Vec<_> = verdicts.rejected.iter().map(told).collect();
        let missing = (0, "missing_field", Some("/classroom"));
        assert_eq!(told, [missing, (1, "invalid_type", None), (2, "unknown_field", Some("/unknown"))]);
    }

    #[test]
    fn one_object_with_faults_is_a_problem() {
        let one = RosterBody::One(row(r#"{"unknown": 1}"#).unwrap());
        let problem = Batch::parse(one, |row| row.finish(Some(()))).err().unwrap();
        assert_eq!(problem.code(), "unknown_field");
    }
}
