//! What watchers know, by what they may see: one view for those who may see everything, and one for each distinct set of
//! classrooms, however many share it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{broadcast, oneshot};
use tokio::time::Instant;

use super::delta::Delta;
use super::frames::{Frame, Today};
use super::reading::Todays;
use crate::store::Classes;

/// How many frames a session may be behind before it starts over: some seconds of the busiest day.
const FRAMES_KEPT: usize = 32;

/// A delta without a change says that what was sent still holds.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// Someone who waits for a snapshot and what follows it.
pub(super) struct Subscriber {
    pub(super) classes: Classes,
    pub(super) subscription: oneshot::Sender<Subscription>,
}

/// A snapshot, and the frames that follow it.
pub(super) struct Subscription {
    pub(super) snapshot: Frame,
    pub(super) frames: broadcast::Receiver<Frame>,
}

/// All that is watched.
#[derive(Default)]
pub(super) struct Views {
    everything: View,
    bound: BTreeMap<Arc<BTreeSet<String>>, View>,
}

/// What those know who may see the same.
struct View {
    waiting: Vec<oneshot::Sender<Subscription>>,
    frames: broadcast::Sender<Frame>,
    /// What the sessions know; none where they have to start over.
    today: Option<Today>,
    last_frame: Instant,
}

impl Views {
    /// Takes in someone who waits.
    pub(super) fn add(&mut self, subscriber: Subscriber) {
        let Subscriber { classes, subscription } = subscriber;
        let view = match classes {
            Classes::All => &mut self.everything,
            Classes::Only(classrooms) => self.bound.entry(classrooms).or_default(),
        };
        view.waiting.push(subscription);
    }

    /// Lets go of those who do not wait any more, and of the sets that nobody watches; whether anybody is left.
    pub(super) fn are_watched(&mut self) -> bool {
        self.bound.retain(|_, view| view.is_watched());
        self.everything.is_watched() || !self.bound.is_empty()
    }

    /// Everybody has to start over.
    pub(super) fn begin_anew(&mut self) {
        self.everything.today = None;
        self.bound.values_mut().for_each(|view| view.today = None);
    }

    /// The sets of classrooms that are watched, in order.
    pub(super) fn sets(&self) -> Vec<Arc<BTreeSet<String>>> {
        self.bound.keys().cloned().collect()
    }

    /// Publishes what was read, the bound ones in the order of [`sets`](Self::sets).
    pub(super) fn publish(&mut self, now: DateTime<Utc>, todays: Todays) -> serde_json::Result<()> {
        let Todays { everything, bound } = todays;
        self.everything.publish(now, everything)?;
        self.bound.values_mut().zip(bound).try_for_each(|(view, today)| view.publish(now, today))
    }
}

impl Default for View {
    fn default() -> Self {
        let frames = broadcast::Sender::new(FRAMES_KEPT);
        Self { waiting: Vec::new(), frames, today: None, last_frame: Instant::now() }
    }
}

impl View {
    fn is_watched(&mut self) -> bool {
        self.waiting.retain(|subscription| !subscription.is_closed());
        !self.waiting.is_empty() || self.frames.receiver_count() > 0
    }

    /// First what changed, to those who know the state before; then the state, to those who are new.
    fn publish(&mut self, now: DateTime<Utc>, today: Today) -> serde_json::Result<()> {
        let delta = self.today.as_ref().and_then(|known| Delta::between(known, &today));
        let is_quiet =
            delta.as_ref().is_some_and(Delta::is_empty) && self.last_frame.elapsed() < SIGN_OF_LIFE;
        if self.frames.receiver_count() > 0 && !is_quiet {
            let frame = match &delta {
                Some(delta) => Frame::delta(now, delta)?,
                None => Frame::snapshot(now, &today)?,
            };
            // Whoever left meanwhile needs no frame.
            let _ = self.frames.send(frame);
            self.last_frame = Instant::now();
        }
        if !self.waiting.is_empty() {
            let snapshot = Frame::snapshot(now, &today)?;
            for subscription in self.waiting.drain(..) {
                let frames = self.frames.subscribe();
                let _ = subscription.send(Subscription { snapshot: snapshot.clone(), frames });
            }
        }
        self.today = Some(today);
        Ok(())
    }
}
