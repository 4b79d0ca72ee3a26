//! The step from one state to the next: only what changed, as absolute values.

use serde::Serialize;
use utoipa::ToSchema;

use super::frames::{LiveClassroom, Rates, RecentLog, Today, WatchedLesson};
use crate::figures::{EnrolledFigures, Figures};
use crate::store::ARRIVALS;

/// What changed. What did not is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Delta {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    totals: Option<FiguresChange>,
    /// Only the classrooms that changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    classrooms: Vec<ClassroomChange>,
    /// The whole list, where any of it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lessons: Option<Vec<WatchedLesson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rejected_logs: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rates: Option<RatesChange>,
    /// Only the logs that are new among the latest. With the known ones, by arrival, then by learner and id, the
    /// first 20 are the latest now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recent: Vec<RecentLog>,
}

/// The figures that changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct FiguresChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    students: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    active_students: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    streaming_logs: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    watch_time_seconds: Option<i64>,
    /// Null where no log carries one any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    avg_watch_time_seconds: Option<Option<f64>>,
    /// Null where no log carries one any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    avg_completion_percentage: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    completed: Option<i64>,
}

/// The figures of a classroom that changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClassroomChange {
    classroom: String,
    #[serde(flatten)]
    figures: FiguresChange,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    watching_students: Option<i64>,
}

/// The rates that changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct RatesChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    streaming_logs_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    active_students: Option<i64>,
}

impl Delta {
    /// The step from one state to another; none where only a snapshot leads there: on another day, when a classroom
    /// came or went, or when one of the latest logs was erased.
    pub(super) fn between(before: &Today, after: &Today) -> Option<Self> {
        let Today { date: _, totals, classrooms, lessons, rejected_logs, rates, recent } = after;
        let pairs = before.classrooms.iter().zip(classrooms);
        let changed_classrooms = pairs
            .filter(|(before, after)| before != after)
            .map(|(before, after)| ClassroomChange::between(before, after));
        let delta = Self {
            totals: Some(FiguresChange::between(&before.totals, totals))
                .filter(|change| *change != <_>::default()),
            classrooms: changed_classrooms.collect(),
            lessons: changed(&before.lessons, lessons).cloned(),
            rejected_logs: changed(before.rejected_logs, *rejected_logs).flatten(),
            rates: Some(RatesChange::between(&before.rates, rates))
                .filter(|change| *change != <_>::default()),
            recent: recent.iter().filter(|log| !before.recent.contains(log)).cloned().collect(),
        };
        // Taking the step ourselves shows that it leads there, whatever the reason might be that it does not.
        (delta.applied(before) == *after).then_some(delta)
    }

    /// Whether nothing changed.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The state after this step, as clients make it.
    fn applied(&self, before: &Today) -> Today {
        let Today { date, mut totals, mut classrooms, mut lessons, mut rejected_logs, mut rates, mut recent } =
            before.clone();
        if let Some(change) = &self.totals {
            change.apply(&mut totals);
        }
        for change in &self.classrooms {
            let known = |known: &&mut LiveClassroom| known.figures.classroom == change.classroom;
            if let Some(known) = classrooms.iter_mut().find(known) {
                change.apply(known);
            }
        }
        if let Some(watched) = &self.lessons {
            lessons.clone_from(watched);
        }
        rejected_logs = self.rejected_logs.or(rejected_logs);
        if let Some(change) = &self.rates {
            change.apply(&mut rates);
        }
        recent.extend(self.recent.iter().cloned());
        recent.sort_by(|one, other| {
            let by_arrival = other.received_at.cmp(&one.received_at);
            by_arrival.then_with(|| (one.student_id, one.log_id).cmp(&(other.student_id, other.log_id)))
        });
        recent.truncate(ARRIVALS);
        Today { date, totals, classrooms, lessons, rejected_logs, rates, recent }
    }
}

impl ClassroomChange {
    fn between(before: &LiveClassroom, after: &LiveClassroom) -> Self {
        let LiveClassroom { figures, watching_students } = after;
        Self {
            classroom: figures.classroom.clone(),
            figures: FiguresChange::between(&before.figures.figures, &figures.figures),
            watching_students: changed(before.watching_students, *watching_students),
        }
    }

    fn apply(&self, to: &mut LiveClassroom) {
        self.figures.apply(&mut to.figures.figures);
        set(&mut to.watching_students, self.watching_students);
    }
}

impl FiguresChange {
    fn between(before: &EnrolledFigures, after: &EnrolledFigures) -> Self {
        let EnrolledFigures { students, figures } = *after;
        let Figures {
            active_students,
            streaming_logs,
            watch_time_seconds,
            avg_watch_time_seconds,
            avg_completion_percentage,
            completed,
        } = figures;
        let known = &before.figures;
        Self {
            students: changed(before.students, students),
            active_students: changed(known.active_students, active_students),
            streaming_logs: changed(known.streaming_logs, streaming_logs),
            watch_time_seconds: changed(known.watch_time_seconds, watch_time_seconds),
            avg_watch_time_seconds: changed(known.avg_watch_time_seconds, avg_watch_time_seconds),
            avg_completion_percentage: changed(known.avg_completion_percentage, avg_completion_percentage),
            completed: changed(known.completed, completed),
        }
    }

    fn apply(&self, to: &mut EnrolledFigures) {
        let EnrolledFigures { students, figures } = to;
        set(students, self.students);
        set(&mut figures.active_students, self.active_students);
        set(&mut figures.streaming_logs, self.streaming_logs);
        set(&mut figures.watch_time_seconds, self.watch_time_seconds);
        set(&mut figures.avg_watch_time_seconds, self.avg_watch_time_seconds);
        set(&mut figures.avg_completion_percentage, self.avg_completion_percentage);
        set(&mut figures.completed, self.completed);
    }
}

impl RatesChange {
    fn between(before: &Rates, after: &Rates) -> Self {
        let Rates { streaming_logs_per_second, active_students } = *after;
        Self {
            streaming_logs_per_second: changed(before.streaming_logs_per_second, streaming_logs_per_second),
            active_students: changed(before.active_students, active_students),
        }
    }

    fn apply(&self, to: &mut Rates) {
        set(&mut to.streaming_logs_per_second, self.streaming_logs_per_second);
        set(&mut to.active_students, self.active_students);
    }
}

fn changed<T: PartialEq>(before: T, after: T) -> Option<T> {
    (before != after).then_some(after)
}

fn set<T: Copy>(known: &mut T, changed: Option<T>) {
    *known = changed.unwrap_or(*known);
}

#[cfg(test)]
#[path = "delta_tests.rs"]
mod tests;
