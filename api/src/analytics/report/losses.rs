//! Lessons that lose people: how far those came who began one on the day, and where most of them stopped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::analytics::get_lesson_progress::steps;
use crate::store::{Furthest, LessonFigures};

/// Fewer tell nothing of a lesson, and too much of a learner.
const FEWEST_LEARNERS: i64 = 5;

/// Nobody mends more lessons than these in a day.
const MOST_LESSONS: usize = 10;

/// How many learners of a lesson came how far on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funnel {
    lesson_id: i64,
    /// Percentages from 0 to what completes a lesson, and how many came at least so far. Learners whose player tells no
    /// percentage are in none.
    reached: Vec<(i32, i64)>,
}

/// A lesson that learners left before its end.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LosingLesson {
    /// Our name for it.
    pub lesson_id: i64,
    /// What people call it.
    #[schema(example = "Introduction à Docker")]
    pub title: String,
    /// Learners who streamed it on the day, as far as their players tell how far they came.
    pub started: i64,
    /// Those who came on the day to what completes a lesson.
    pub finished: i64,
    /// Those who did not.
    pub lost: i64,
    /// How many that is of those who started, from 0 to 1.
    pub lost_share: f64,
    /// Where most of them stopped.
    pub lost_most: LostBetween,
}

/// Learners who came to one percentage and not to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct LostBetween {
    /// They came at least so far,
    pub from: i32,
    /// and not so far.
    pub to: i32,
    /// How many.
    pub students: i64,
}

impl Funnel {
    /// Of how far learners came in a lesson that is completed at `threshold`.
    pub(super) fn new(lesson_id: i64, furthest: &Furthest, threshold: i32) -> Self {
        let steps = steps(threshold).into_iter().filter(|percentage| *percentage <= threshold);
        let reached = steps.map(|percentage| (percentage, furthest.within(percentage, 100)));
        Self { lesson_id, reached: reached.collect() }
    }

    fn loss(&self, title: &str) -> Option<LosingLesson> {
        let (_, started) = *self.reached.first()?;
        let (_, finished) = *self.reached.last()?;
        let lost = started - finished;
        if started < FEWEST_LEARNERS || lost == 0 {
            return None;
        }
        let steps = self.reached.windows(2).filter_map(|pair| match *pair {
            [(from, came), (to, went_on)] => Some(LostBetween { from, to, students: came - went_on }),
            _ => None,
        });
        // Of equals the last is the maximum, and the first is meant.
        let lost_most = steps.rev().max_by_key(|step| step.students)?;
        Some(LosingLesson {
            lesson_id: self.lesson_id,
            title: title.to_owned(),
            started,
            finished,
            lost,
            lost_share: lost as f64 / started as f64,
            lost_most,
        })
    }
}

/// The lessons that lost the largest share; of two that lost the same, the one that lost more learners is first.
pub(super) fn worst(funnels: &[Funnel], lessons: &[LessonFigures]) -> Vec<LosingLesson> {
    let titles: BTreeMap<i64, &str> =
        lessons.iter().map(|lesson| (lesson.lesson_id, lesson.title.as_str())).collect();
    let losses = funnels.iter().filter_map(|funnel| funnel.loss(titles.get(&funnel.lesson_id)?));
    let mut losses: Vec<_> = losses.collect();
    losses.sort_by(|one, other| {
        let by_share = (other.lost.saturating_mul(one.started)).cmp(&one.lost.saturating_mul(other.started));
        by_share.then(other.lost.cmp(&one.lost)).then(one.lesson_id.cmp(&other.lesson_id))
    });
    losses.truncate(MOST_LESSONS);
    losses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(lesson_id: i64) -> LessonFigures {
        let title = format!("Lesson {lesson_id}");
        let figures = crate::store::Figures::default();
        LessonFigures { lesson_id, external_id: title.clone(), title, subject: None, figures }
    }

    fn funnel(lesson_id: i64, percentages: &[(i32, i64)]) -> Funnel {
        Funnel::new(lesson_id, &Furthest { percentages: percentages.to_vec(), without_percentage: 7 }, 90)
    }

    #[test]
    fn a_lesson_loses_those_who_do_not_come_to_its_end() {
        let losses = worst(&[funnel(1, &[(10, 1), (30, 3), (49, 2), (60, 1), (95, 3)])], &[lesson(1)]);
        let expected = LosingLesson {
            lesson_id: 1,
            title: "Lesson 1".to_owned(),
            started: 10,
            finished: 3,
            lost: 7,
            lost_share: 0.7,
            lost_most: LostBetween { from: 25, to: 50, students: 5 },
        };
        assert_eq!(losses, [expected]);
    }

    #[test]
    fn the_largest_share_is_first_and_small_numbers_say_nothing() {
        let funnels = [
            funnel(1, &[(0, 4)]),
            funnel(2, &[(0, 3), (90, 3)]),
            funnel(3, &[(0, 6), (90, 6)]),
            funnel(4, &[(100, 9)]),
            funnel(5, &[(0, 2), (60, 2), (100, 1)]),
            funnel(6, &[]),
        ];
        let lessons: Vec<_> = (1..7).map(lesson).collect();
        let losses = worst(&funnels, &lessons);
        assert_eq!(losses.iter().map(|it| it.lesson_id).collect::<Vec<_>>(), [5, 3, 2]);
        assert_eq!(losses[0].lost_most, LostBetween { from: 0, to: 25, students: 2 }, "of equals the first");
    }
}
