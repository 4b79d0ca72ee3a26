//! One socket: frames go out, and signs of life come in.
//!
//! A session has no task of its own: it goes on whenever its connection asks for more to send. Thousands of them cost less
//! by that, and for whom a connection is full, nothing is waiting.

use std::io::ErrorKind;
use std::str::Utf8Error;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_ws::{CloseCode, CloseReason, Closed, Message, MessageStream, ProtocolError, Session};
use bytes::Bytes;
use futures_util::{Stream, stream};
use metrics::{Counter, counter, gauge};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, oneshot};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::frames::Frame;
use super::hub::LiveHandle;
use super::pass::Pass;
use super::views::Subscription;
use crate::store::Classes;

/// Through a proxy, a socket is kept open by what passes through it.
const PING_EACH: Duration = Duration::from_secs(15);

/// Three pings without an answer: nobody is there.
const SILENCE: Duration = Duration::from_secs(45);

/// Closes the socket of whoever may not watch any longer: 401, in the range that is an application's own.
const SIGNED_OUT: u16 = 4401;

/// The state of one socket.
pub(super) struct LiveSession {
    socket: Session,
    messages: MessageStream,
    feed: Feed,
    pass: Pass,
    pings: Interval,
    next_seq: u64,
    last_heard: Instant,
    /// When there was the last text to send.
    last_text: Instant,
    frames_sent: Counter,
    is_seen_off: bool,
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
    /// The client went without a word. Whoever does not read is cut by the kernel, and the session is dropped.
    Cut,
}

impl LiveSession {
    /// A session on a seat, of whoever may see these classrooms.
    pub(super) fn new(
        (socket, messages): (Session, MessageStream),
        live: LiveHandle,
        classes: Classes,
        seat: OwnedSemaphorePermit,
        pass: Pass,
    ) -> Self {
        gauge!("live_sessions").increment(1);
        Self {
            socket,
            messages,
            feed: Feed { live, classes, stage: Stage::Outside },
            pass,
            pings: pings(),
            next_seq: 0,
            last_heard: Instant::now(),
            last_text: Instant::now(),
            frames_sent: counter!("live_frames_total"),
            is_seen_off: false,
            _seat: seat,
        }
    }

    /// The texts for its client, each in two pieces of which thousands share the larger, until either side ends it. What else
    /// there is to say goes to the socket.
    pub(super) fn texts(self) -> impl Stream<Item = [Bytes; 2]> {
        stream::unfold(self, |mut session| async {
            match session.next().await {
                Ok(frame) => Some((session.numbered(&frame), session)),
                Err(ending) => {
                    session.end(ending).await;
                    None
                }
            }
        })
    }

    async fn next(&mut self) -> Result<Frame, Ending> {
        if self.last_text.elapsed() > PING_EACH {
            // That long the client took for the text before. Nobody has listened meanwhile, but it is there.
            self.last_heard = Instant::now();
        }
        loop {
            tokio::select! {
                // Who may not watch any longer gets no frame more, and who has answered a ping is there.
                biased;
                () = self.pass.next_look() => self.look_at_pass().await?,
                message = self.messages.recv() => self.hear(message).await?,
                _ = self.pings.tick() => self.ping().await?,
                frame = self.feed.next() => {
                    let frame = frame.ok_or(Ending::GoingAway)?;
                    if self.is_out_of_date(&frame) {
                        self.look_at_pass().await?;
                    }
                    return Ok(frame);
                }
            }
        }
    }

    /// Whether a frame may be of others than the watcher may see. Where a classroom is renamed, those who are bound to it come
    /// along, and its name may be that of another one by now: whoever had it is sent a snapshot then.
    fn is_out_of_date(&self, frame: &Frame) -> bool {
        self.next_seq > 0 && frame.is_snapshot() && self.pass.is_bound()
    }

    /// It asks the database, rarely: a session need not be as large as that.
    async fn look_at_pass(&self) -> Result<(), Ending> {
        if Box::pin(self.pass.is_good()).await { Ok(()) } else { Err(Ending::SignedOut) }
    }

    fn numbered(&mut self, frame: &Frame) -> [Bytes; 2] {
        let text = frame.numbered(self.next_seq);
        (self.next_seq, self.last_text) = (self.next_seq + 1, Instant::now());
        self.frames_sent.increment(1);
        text
    }

    async fn hear(&mut self, message: Option<Result<Message, ProtocolError>>) -> Result<(), Ending> {
        self.last_heard = Instant::now();
        match message {
            Some(Ok(Message::Ping(bytes))) => Ok(self.socket.pong(&bytes).await?),
            Some(Ok(Message::Close(_))) => Err(Ending::Left),
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(broken(&error)),
            None => Err(Ending::Cut),
        }
    }

    async fn ping(&mut self) -> Result<(), Ending> {
        if self.last_heard.elapsed() >= SILENCE {
            return Err(Ending::Cut);
        }
        Ok(self.socket.ping(b"").await?)
    }

    async fn end(mut self, ending: Ending) {
        let reason = match ending {
            Ending::Left => CloseCode::Normal.into(),
            Ending::GoingAway => CloseCode::Away.into(),
            Ending::SignedOut => signed_out(),
            Ending::Refused(code) => code.into(),
            // There is nobody to say goodbye to: dropping the socket is all that can be done.
            Ending::Cut => return,
        };
        self.is_seen_off = true;
        // The client may be gone already.
        let _ = self.socket.clone().close(Some(reason)).await;
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        if !self.is_seen_off {
            counter!("live_sessions_cut_total").increment(1);
        }
        gauge!("live_sessions").decrement(1);
    }
}

impl From<Closed> for Ending {
    fn from(Closed: Closed) -> Self {
        Self::Cut
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
