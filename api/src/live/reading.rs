//! What the hub reads of today, and what it remembers from one read to the next.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use tokio::try_join;

use super::frames::{Read, Today};
use super::last_minute::{LastMinute, whole_minute};
use crate::error::StoreError;
use crate::store::{Arrival, Breakdown, Calendar, Classes, DaySpan, Store};

/// Reads today, time and again.
pub(super) struct Reading {
    store: Store,
    calendar: Calendar,
    last_minute: LastMinute,
    known_arrivals: Vec<Arrival>,
}

/// Today, for whoever watches.
pub(super) struct Todays {
    /// As those know it who may see everything.
    pub(super) everything: Today,
    /// As those know it who may see some classrooms, one for each set.
    pub(super) bound: Vec<Today>,
}

impl Reading {
    /// Nothing is known yet.
    pub(super) fn new(store: Store, calendar: Calendar) -> Self {
        Self { store, calendar, last_minute: LastMinute::default(), known_arrivals: Vec::new() }
    }

    /// What was read before may be wrong by more than what arrives late.
    pub(super) fn begin_anew(&mut self) {
        self.last_minute.forget();
    }

    /// Today, as it is committed, also for each of these sets of classrooms.
    pub(super) async fn today(
        &mut self,
        now: DateTime<Utc>,
        sets: &[Arc<BTreeSet<String>>],
    ) -> Result<Todays, StoreError> {
        let read = self.read(now, sets).await;
        if read.is_err() {
            // Half of it was read at most.
            self.begin_anew();
        }
        read
    }

    /// Three ways to the database and back at most, since what does not depend on one another is asked at a time: on a
    /// busy machine the way takes longer than the answer. Sets of classrooms cost no way of their own: what they show is
    /// added up from what is known of each classroom.
    async fn read(
        &mut self,
        now: DateTime<Utc>,
        sets: &[Arc<BTreeSet<String>>],
    ) -> Result<Todays, StoreError> {
        let day = self.calendar.day_of(now);
        if self.last_minute.knows_no_roster() {
            // Or all that is read now would be read twice.
            self.last_minute.note_roster(self.store.roster_generation().await?);
        }
        // What arrived before the figures: these count whatever is shown to have arrived.
        let mut latest = self.arrivals(now, sets).await?;
        let mut watched = self.last_minute.count(now);
        let mut watched_in_sets = self.last_minute.count_in(sets);
        let lessons = [&watched].into_iter().chain(&watched_in_sets).flat_map(|watched| &watched.lessons);
        let lessons: BTreeSet<i64> = lessons.map(|&(lesson_id, _)| lesson_id).collect();
        let (figures, rejected_logs, titles, generation) = try_join!(
            self.store.figures(DaySpan::of(day), Breakdown::Classrooms, &Classes::All),
            self.store.refused_on(day),
            self.store.lesson_titles(lessons),
            self.store.roster_generation(),
        )?;
        if self.last_minute.note_roster(generation) {
            // Somebody moved or was erased: what was read before that is nobody's to see.
            latest = self.arrivals(now, sets).await?;
            watched = self.last_minute.count(now);
            watched_in_sets = self.last_minute.count_in(sets);
        }
        let bound = sets.iter().zip(watched_in_sets).map(|(set, watched)| {
            let figures = figures.of_classrooms(set);
            let latest = self.last_minute.classrooms.latest(set);
            // What was refused has no classroom.
            Today::new(day, Read { figures, watched, titles: &titles, rejected_logs: None, latest })
        });
        let bound = bound.collect();
        let rejected_logs = Some(rejected_logs);
        let everything = Today::new(day, Read { figures, watched, titles: &titles, rejected_logs, latest });
        Ok(Todays { everything, bound })
    }

    /// Brings the last minute up to date; answers the latest arrivals.
    async fn arrivals(
        &mut self,
        now: DateTime<Utc>,
        sets: &[Arc<BTreeSet<String>>],
    ) -> Result<Vec<Arrival>, StoreError> {
        let due = self.last_minute.due(now);
        let (latest, counts) = try_join!(
            self.store.latest_arrivals(now, &self.known_arrivals),
            try_join_all(due.iter().map(|range| self.store.count_arrivals(range))),
        )?;
        self.known_arrivals.clone_from(&latest);
        let new = self.last_minute.classrooms.unknown(&sets.iter().flat_map(|set| (**set).clone()).collect());
        for (range, counts) in due.iter().zip(counts) {
            if let Some(changed) = self.last_minute.replace(range, counts) {
                self.look_at(&changed).await?;
            }
        }
        self.meet(now, new).await?;
        Ok(latest)
    }

    /// Looks at what arrived in a range whose count has changed.
    async fn look_at(&mut self, changed: &Range<DateTime<Utc>>) -> Result<(), StoreError> {
        let known = self.last_minute.classrooms.known();
        if known.is_empty() {
            self.last_minute.see(self.store.latest_of_learners(changed).await?);
            return Ok(());
        }
        let (learners, counts, arrivals) = try_join!(
            self.store.latest_of_learners(changed),
            self.store.count_arrivals_of_classrooms(changed, &known),
            self.store.arrivals_of_classrooms(changed, &known),
        )?;
        self.last_minute.see(learners);
        self.last_minute.classrooms.replace(changed, counts, arrivals);
        Ok(())
    }

    /// Reads what is to be known of classrooms that nobody has watched by themselves.
    async fn meet(&mut self, now: DateTime<Utc>, new: BTreeSet<String>) -> Result<(), StoreError> {
        if new.is_empty() {
            return Ok(());
        }
        let minute = whole_minute(now);
        let logs_a_minute = self.last_minute.count(now).streaming_logs;
        let (counts, arrivals) = try_join!(
            self.store.count_arrivals_of_classrooms(&minute, &new),
            self.store.latest_arrivals_of_classrooms(&self.calendar, now, &new, logs_a_minute),
        )?;
        self.last_minute.classrooms.meet(new, counts, arrivals);
        Ok(())
    }
}
