//! What the hub reads of today, and what it remembers from one read to the next.

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use tokio::try_join;

use super::frames::{Read, Today};
use super::last_minute::LastMinute;
use crate::error::StoreError;
use crate::store::{Arrival, Breakdown, Calendar, DaySpan, Store};

/// Reads today, time and again.
pub(super) struct Reading {
    store: Store,
    calendar: Calendar,
    last_minute: LastMinute,
    known_arrivals: Vec<Arrival>,
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

    /// Today, as it is committed.
    pub(super) async fn today(&mut self, now: DateTime<Utc>) -> Result<Today, StoreError> {
        let read = self.read(now).await;
        if read.is_err() {
            // Half of it was read at most.
            self.begin_anew();
        }
        read
    }

    /// Three ways to the database and back at most, since what does not depend on one another is asked at a time: on a
    /// busy machine the way takes longer than the answer.
    async fn read(&mut self, now: DateTime<Utc>) -> Result<Today, StoreError> {
        let day = self.calendar.day_of(now);
        // What arrived before the figures: these count whatever is shown to have arrived.
        let due = self.last_minute.due(now);
        let (latest, counts) = try_join!(
            self.store.latest_arrivals(now, &self.known_arrivals),
            try_join_all(due.iter().map(|range| self.store.count_arrivals(range))),
        )?;
        self.known_arrivals.clone_from(&latest);
        for (range, counts) in due.iter().zip(counts) {
            if let Some(changed) = self.last_minute.replace(range, counts) {
                self.last_minute.see(self.store.latest_of_learners(&changed).await?);
            }
        }
        let watched = self.last_minute.count(now);
        let (figures, rejected_logs, titles, generation) = try_join!(
            self.store.figures(DaySpan::of(day), Breakdown::Classrooms),
            self.store.refused_on(day),
            self.store.lesson_titles(watched.lessons.iter().map(|&(lesson_id, _)| lesson_id)),
            self.store.roster_generation(),
        )?;
        self.last_minute.note_roster(generation);
        Ok(Today::new(day, Read { figures, watched, titles, rejected_logs, latest }))
    }
}
