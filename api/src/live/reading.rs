//! What the hub reads of today, and what it remembers from one read to the next.

use chrono::{DateTime, Utc};

use super::frames::{Read, Today};
use super::last_minute::{LastMinute, Watched};
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

    async fn read(&mut self, now: DateTime<Utc>) -> Result<Today, StoreError> {
        let day = self.calendar.day_of(now);
        // First what arrived, then the figures: these count whatever is shown to have arrived.
        let watched = self.read_last_minute(now).await?;
        let latest = self.store.latest_arrivals(now, &self.known_arrivals).await?;
        self.known_arrivals.clone_from(&latest);
        let figures = self.store.figures(DaySpan::of(day), Breakdown::Classrooms).await?;
        let rejected_logs = self.store.refused_on(day).await?;
        let titles =
            self.store.lesson_titles(watched.lessons.iter().map(|&(lesson_id, _)| lesson_id)).await?;
        Ok(Today::new(day, Read { figures, watched, titles, rejected_logs, latest }))
    }

    async fn read_last_minute(&mut self, now: DateTime<Utc>) -> Result<Watched, StoreError> {
        // The generation first: what is read afterwards is at least as new.
        let generation = self.store.roster_generation().await?;
        for range in self.last_minute.due(now, generation) {
            let counts = self.store.count_arrivals(&range).await?;
            if let Some(changed) = self.last_minute.replace(&range, counts) {
                self.last_minute.see(self.store.latest_of_learners(&changed).await?);
            }
        }
        Ok(self.last_minute.count(now))
    }
}
