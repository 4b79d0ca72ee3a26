//! Classrooms, ranked by the share of their learners who were active.

use std::cmp::Reverse;

use serde::Serialize;
use utoipa::ToSchema;

use crate::figures::ClassroomFigures;
use crate::store::Enrolled;

/// A classroom in its place.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct RankedClassroom {
    /// From 1.
    pub rank: usize,
    /// How many of its learners were active, from 0 to 1.
    pub active_share: f64,
    /// The classroom, and what was done.
    #[serde(flatten)]
    pub classroom: ClassroomFigures,
}

/// Those with learners. Of two with the same share that one is first which watched more.
pub(super) fn ranked(classrooms: &[(String, Enrolled)]) -> Vec<RankedClassroom> {
    let mut with_learners: Vec<_> = classrooms.iter().filter(|(_, it)| it.students > 0).collect();
    with_learners.sort_by(|(_, one), (_, other)| {
        // The shares without their rounding: a / b > c / d.
        let shares = |it: &Enrolled, by: &Enrolled| it.figures.active_students.saturating_mul(by.students);
        let by_share = shares(other, one).cmp(&shares(one, other));
        by_share.then_with(|| {
            let watched = |it: &Enrolled| Reverse(it.figures.watch_time_seconds);
            watched(one).cmp(&watched(other))
        })
    });
    let place = |(before, (name, enrolled)): (usize, &(String, Enrolled))| RankedClassroom {
        rank: before + 1,
        active_share: active_share(enrolled),
        classroom: (name.clone(), *enrolled).into(),
    };
    with_learners.into_iter().enumerate().map(place).collect()
}

/// Closed days keep the counts of learners who are gone, and so may know more than are enrolled.
fn active_share(Enrolled { students, figures }: &Enrolled) -> f64 {
    (figures.active_students as f64 / *students as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Figures;

    fn classroom(name: &str, students: i64, active_students: i64, watched: i64) -> (String, Enrolled) {
        let figures = Figures { active_students, watch_time_seconds: watched, ..Figures::default() };
        (name.to_owned(), Enrolled { students, figures })
    }

    #[test]
    fn the_largest_share_of_active_learners_is_first() {
        let ranked = ranked(&[
            classroom("empty", 0, 0, 0),
            classroom("a third", 3, 1, 0),
            classroom("half, little", 4, 2, 10),
            classroom("half, much", 2, 1, 20),
            classroom("more than all", 1, 2, 0),
            classroom("nobody", 5, 0, 0),
        ]);
        let places: Vec<_> =
            ranked.iter().map(|it| (it.rank, it.classroom.classroom.as_str(), it.active_share)).collect();
        assert_eq!(
            places,
            [
                (1, "more than all", 1.0),
                (2, "half, much", 0.5),
                (3, "half, little", 0.5),
                (4, "a third", 1.0 / 3.0),
                (5, "nobody", 0.0)
            ]
        );
    }
}
