//! The rollups that derive from `viewing_days`, `completions` and the roster: made anew, and changed with the roster.
//!
//! Ingestion keeps them up to date by what it adds; here is what they are: one `SELECT` each, in `sql/derive_*.sql`.

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult};

use super::Dialect;
use super::fold::fold;
use super::query::{Query, Rows};
use super::record::EVER;
use super::roster::Writing;

/// Everybody, where a template asks whose rows are meant.
const EVERYBODY: &str = "1 = 1";

/// Those in a set.
const THESE: &str = "student_id IN (SELECT item.student_id FROM {rows})";

/// Sums by day.
const DAY_SUMS: [DaySums; 2] = [
    DaySums {
        table: "classroom_days",
        key: "classroom",
        derive: include_str!("sql/derive_classroom_days.sql"),
    },
    DaySums { table: "lesson_days", key: "lesson_id", derive: include_str!("sql/derive_lesson_days.sql") },
];

/// What is there or not.
const PRESENCES: [Presence; 2] = [
    Presence {
        table: "learner_days",
        columns: "student_id, day",
        derive: include_str!("sql/derive_learner_days.sql"),
    },
    Presence {
        table: "learner_lessons",
        columns: "student_id, lesson_id",
        derive: include_str!("sql/derive_learner_lessons.sql"),
    },
];

struct DaySums {
    table: &'static str,
    key: &'static str,
    derive: &'static str,
}

struct Presence {
    table: &'static str,
    columns: &'static str,
    derive: &'static str,
}

/// Which of the sums change with a learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affected {
    /// The learner moves: the lessons count the same as before.
    Classrooms,
    /// The learner goes.
    ClassroomsAndLessons,
}

/// Empties these rollups from a day on, and fills them anew.
pub(super) async fn derive_all(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    from: NaiveDate,
) -> Result<(), DbErr> {
    for DaySums { table, derive, .. } in DAY_SUMS {
        let clear = Query::new(dialect, "DELETE FROM {table} WHERE day >= {from} OR day = {ever}");
        clear.name("table", table).bind_day("from", from).bind_day("ever", EVER).execute(tx).await?;
        let fill = Query::new(dialect, &format!("INSERT INTO {table} {derive}"));
        fill.name("whose", EVERYBODY).bind("sign", 1).bind_day("from", from).execute(tx).await?;
    }
    for Presence { table, derive, .. } in PRESENCES {
        Query::new(dialect, "DELETE FROM {table}").name("table", table).execute(tx).await?;
        Query::new(dialect, &format!("INSERT INTO {table} {derive}")).execute(tx).await?;
    }
    Ok(())
}

impl Writing<'_> {
    /// Takes what these learners count from the sums (`sign` -1), or adds it (1), as their rows and the roster are now.
    pub(super) async fn change_day_sums(
        &self,
        students: &[i64],
        affected: Affected,
        from: NaiveDate,
        sign: i32,
    ) -> Result<(), DbErr> {
        fold(self.tx, self.dialect).await?;
        for DaySums { table, key, derive } in DAY_SUMS {
            if table == "lesson_days" && affected == Affected::Classrooms {
                continue;
            }
            let template = include_str!("sql/change_day_sums.sql").replace("{derive}", derive);
            let change = self.query(&template).name("table", table).name("key", key).name("whose", THESE);
            let learners = Rows::new().bigint("student_id", students.iter().copied());
            change.rows(learners).bind("sign", sign).bind_day("from", from).execute(self.tx).await?;
        }
        Ok(())
    }
}

/// Where a rollup says something else than what it derives from, as far as days from `from` on are concerned.
pub(super) async fn differences(
    on: &impl ConnectionTrait,
    dialect: Dialect,
    from: NaiveDate,
) -> Result<Vec<DerivedDifference>, DbErr> {
    let mut found = Vec::new();
    for DaySums { table, key, derive } in DAY_SUMS {
        let template = include_str!("sql/compare_day_sums.sql").replace("{derive}", derive);
        let compare = Query::new(dialect, &template).name("table", table).name("key", key);
        let compare = compare.name("whose", EVERYBODY).bind("sign", 1).bind_day("from", from);
        let rows = compare.bind_day("ever", EVER).all(on).await?;
        let difference = |row| DerivedDifference::of_sums(table, row);
        found.extend(rows.iter().map(difference).collect::<Result<Vec<_>, _>>()?);
    }
    for Presence { table, columns, derive } in PRESENCES {
        let template = include_str!("sql/compare_presence.sql").replace("{derive}", derive);
        let compare = Query::new(dialect, &template).name("table", table).name("columns", columns);
        if let Some(row) = compare.one(on).await? {
            found.extend(DerivedDifference::of_presence(table, &row)?);
        }
    }
    Ok(found)
}

/// One place where a rollup is not what it derives from.
pub(super) struct DerivedDifference {
    pub(super) place: String,
    pub(super) in_rollup: String,
    pub(super) derived: String,
}

impl DerivedDifference {
    fn of_sums(table: &str, row: &QueryResult) -> Result<Self, DbErr> {
        let (key, day): (String, NaiveDate) = (row.try_get("", "key")?, row.try_get("", "day")?);
        let place = match day {
            EVER => format!("{table} of {key}, all time"),
            day => format!("{table} of {key}, {day}"),
        };
        Ok(Self { place, in_rollup: row.try_get("", "in_rollup")?, derived: row.try_get("", "derived")? })
    }

    fn of_presence(table: &str, row: &QueryResult) -> Result<Option<Self>, DbErr> {
        let (missing, surplus): (i64, i64) = (row.try_get("", "missing")?, row.try_get("", "surplus")?);
        let differs = missing > 0 || surplus > 0;
        Ok(differs.then(|| Self {
            place: table.to_owned(),
            in_rollup: format!("{surplus} rows too many"),
            derived: format!("{missing} that are missing"),
        }))
    }
}
