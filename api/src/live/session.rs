//! One socket: frames go out, and signs of life come in.

use std::io::ErrorKind;
use std::str::Utf8Error;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_ws::{CloseCode, CloseReason, Closed, Item, Message, MessageStream, ProtocolError, Session};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, oneshot};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};

use super::frames::Frame;
use super::hub::LiveHandle;
use super::incoming::MESSAGE_BYTES;
use super::pass::Pass;
use super::views::Subscription;
use crate::store::Classes;

/// Through a proxy, a socket is kept open by what passes through it.
const PING_EACH: Duration = Duration::from_secs(15);

/// Three pings without an answer: nobody is there.
const SILENCE: Duration = Duration::from_secs(45);

/// A client that takes no frame for so long does not read.
const SEND_PATIENCE: Duration = Duration::from_secs(5);

/// Closes the socket of whoever may not watch any longer: 401, in the range that is an application's own.
const SIGNED_OUT: u16 = 4401;

/// The state of one socket.
pub(super) struct LiveSession {
    socket: Session,
    feed: Feed,
    pass: Pass,
    next_seq: u64,
    last_heard: Instant,
    _seat: OwnedSemaphorePermit,
}

/// Why a session ends.
enum Ending {
    /// The client said goodbye.
    Left,
    /// The hub has ended, and we with it.
    GoingAway,
    /// What let the client in has ended.
    SignedOut,
    /// The client broke the rules.
    Refused(CloseCode),
    /// The client does not read, or went without a word. Where it does not read, it is often the kernel that finds out
    /// first and closes the connection: from here the two look the same.
    Cut,
}

impl LiveSession {
    /// A session on a seat, of whoever may see these classrooms.
    pub(super) fn new(
        socket: Session,
        live: LiveHandle,
        classes: Classes,
        seat: OwnedSemaphorePermit,
        pass: Pass,
    ) -> Self {
        let feed = Feed { live, classes, stage: Stage::Outside };
        Self { socket, feed, pass, next_seq: 0, last_heard: Instant::now(), _seat: seat }
    }

    /// Runs until either side ends it.
    pub(super) async fn run(mut self, messages: MessageStream) {
        metrics::gauge!("live_sessions").increment(1);
        let ending = self.exchange(messages).await;
        match ending {
            Ending::Left => self.close(CloseCode::Normal.into()).await,
            Ending::GoingAway => self.close(CloseCode::Away.into()).await,
            Ending::SignedOut => self.close(signed_out()).await,
            Ending::Refused(code) => self.close(code.into()).await,
            // There is nobody to say goodbye to: dropping the socket is all that can be done.
            Ending::Cut => metrics::counter!("live_sessions_cut_total").increment(1),
        }
        metrics::gauge!("live_sessions").decrement(1);
    }

    async fn exchange(&mut self, messages: MessageStream) -> Ending {
        let mut messages = messages.max_frame_size(MESSAGE_BYTES);
        let mut pings = pings();
        loop {
            let ending = tokio::select! {
                frame = self.feed.next() => match frame {
                    Some(frame) if self.is_out_of_date(&frame).await => Some(Ending::SignedOut),
                    Some(frame) => self.deliver(&frame).await,
                    None => Some(Ending::GoingAway),
                },
                message = messages.recv() => self.hear(message).await,
                _ = pings.tick() => self.ping().await,
                () = self.pass.next_look() => (!self.pass.is_good().await).then_some(Ending::SignedOut),
            };
            if let Some(ending) = ending {
                return ending;
            }
        }
    }

    /// Whether a frame may be of others than the watcher may see. Where a classroom is renamed, those who are bound to it come
    /// along, and its name may be that of another one by now: whoever had it is sent a snapshot then.
    async fn is_out_of_date(&self, frame: &Frame) -> bool {
        self.next_seq > 0 && frame.is_snapshot() && self.pass.is_bound() && !self.pass.is_good().await
    }

    /// Sends a frame as one message of two fragments, so that thousands of sockets hold its larger part once.
    async fn deliver(&mut self, frame: &Frame) -> Option<Ending> {
        let [own, shared] = frame.numbered(self.next_seq);
        self.next_seq += 1;
        let sending = async {
            self.socket.continuation(Item::FirstText(own)).await?;
            self.socket.continuation(Item::Last(shared)).await
        };
        let ending = unsent(timeout(SEND_PATIENCE, sending).await);
        if ending.is_none() {
            metrics::counter!("live_frames_total").increment(1);
        }
        ending
    }

    async fn hear(&mut self, message: Option<Result<Message, ProtocolError>>) -> Option<Ending> {
        self.last_heard = Instant::now();
        match message {
            Some(Ok(Message::Ping(bytes))) => unsent(timeout(SEND_PATIENCE, self.socket.pong(&bytes)).await),
            Some(Ok(Message::Close(_))) => Some(Ending::Left),
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(broken(&error)),
            None => Some(Ending::Cut),
        }
    }

    async fn ping(&mut self) -> Option<Ending> {
        if self.last_heard.elapsed() >= SILENCE {
            return Some(Ending::Cut);
        }
        unsent(timeout(SEND_PATIENCE, self.socket.ping(b"")).await)
    }

    async fn close(self, reason: CloseReason) {
        // The client may be gone already.
        let _ = timeout(SEND_PATIENCE, self.socket.close(Some(reason))).await;
    }
}

/// What becomes of a client that breaks the rules. Not all of them have an error of their own.
fn broken(error: &ProtocolError) -> Ending {
    let ProtocolError::Io(error) = error else {
        let is_too_long = matches!(error, ProtocolError::Overflow);
        return Ending::Refused(if is_too_long { CloseCode::Size } else { CloseCode::Protocol });
    };
    let inner = error.get_ref();
    if inner.is_some_and(|inner| matches!(inner.downcast_ref(), Some(PayloadError::Overflow))) {
        Ending::Refused(CloseCode::Size)
    } else if inner.is_some_and(|inner| inner.is::<Utf8Error>()) {
        Ending::Refused(CloseCode::Invalid)
    } else if error.kind() == ErrorKind::InvalidData {
        Ending::Refused(CloseCode::Protocol)
    } else {
        Ending::Cut
    }
}

fn signed_out() -> CloseReason {
    let description = "The session or token has ended: sign in, or get another token, and connect again.";
    CloseReason { code: CloseCode::Other(SIGNED_OUT), description: Some(description.to_owned()) }
}

fn pings() -> Interval {
    let mut pings = interval(PING_EACH);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

fn unsent(sent: Result<Result<(), Closed>, tokio::time::error::Elapsed>) -> Option<Ending> {
    match sent {
        Ok(Ok(())) => None,
        Ok(Err(Closed)) | Err(_) => Some(Ending::Cut),
    }
}

/// Where the frames come from. Its steps may be broken off and taken again.
struct Feed {
    live: LiveHandle,
    classes: Classes,
    stage: Stage,
}

enum Stage {
    Outside,
    Waiting(oneshot::Receiver<Subscription>),
    Following(broadcast::Receiver<Frame>),
}

impl Feed {
    /// The next frame, a snapshot at first and wherever some were missed; none when the hub has ended.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            match &mut self.stage {
                Stage::Outside => {
                    let subscription = self.live.subscribe(self.classes.clone()).await?;
                    self.stage = Stage::Waiting(subscription);
                }
                Stage::Waiting(subscription) => {
                    let Subscription { snapshot, frames } = subscription.await.ok()?;
                    self.stage = Stage::Following(frames);
                    return Some(snapshot);
                }
                Stage::Following(frames) => match frames.recv().await {
                    Ok(frame) => return Some(frame),
                    Err(RecvError::Lagged(_)) => self.stage = Stage::Outside,
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests;
