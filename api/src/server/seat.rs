//! What a connection is waited for, and for how long.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What a client may take to send the head of a request, counted from the connection or from the head's first bytes.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Longer than usual proxies keep an idle connection, which would otherwise send into one that we are closing.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The server looks after both itself, where it can, and says goodbye better: it goes first.
const GRACE: Duration = Duration::from_millis(500);

/// What a client may take where connections run short: one that means to ask has done so by then.
const HURRIED_REQUEST: Duration = Duration::from_millis(250);

/// How long a connection is kept for its next request where connections run short.
const HURRIED_IDLE: Duration = Duration::from_secs(1);

/// How long a socket may have no room for what is to be sent. It is far slower then than any reader of today is.
pub(super) const UNTAKEN: Duration = Duration::from_secs(30);

/// The connections of one worker.
pub(super) struct Crowd {
    open: Cell<usize>,
    comfortable: usize,
}

impl Crowd {
    /// Nobody yet, of at most so many. Room for a quarter is kept for those who come.
    pub(super) fn new(most: usize) -> Rc<Self> {
        Rc::new(Self { open: Cell::new(0), comfortable: most - most / 4 })
    }

    fn is_too_large(&self) -> bool {
        self.open.get() > self.comfortable
    }
}

/// What is being done with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The head of a request is on its way.
    Asking,
    /// A request is being answered.
    Answering,
    /// Answered, and nothing of another request has come.
    Idle,
    /// It has become a WebSocket, whose session looks after it as long as there is room for what it sends.
    Socket,
}

/// One connection's place in the crowd: shared by the connection and by what answers its requests.
pub(super) struct Seat {
    crowd: Rc<Crowd>,
    phase: Cell<Phase>,
    since: Cell<Instant>,
    /// Since when the connection takes no more.
    full_since: Cell<Option<Instant>>,
}

impl Seat {
    pub(super) fn take(crowd: &Rc<Crowd>) -> Rc<Self> {
        crowd.open.set(crowd.open.get() + 1);
        metrics::gauge!("http_connections").increment(1);
        let (phase, since) = (Cell::new(Phase::Asking), Cell::new(Instant::now()));
        Rc::new(Self { crowd: Rc::clone(crowd), phase, since, full_since: Cell::new(None) })
    }

    /// The connection is closed. What answers a request may still hold the seat.
    pub(super) fn leave(&self) {
        self.crowd.open.set(self.crowd.open.get().saturating_sub(1));
        metrics::gauge!("http_connections").decrement(1);
    }

    /// Something has come.
    pub(super) fn hear(&self) {
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::Asking);
        }
    }

    /// Something has gone out, which the client has made room for: it reads its answer.
    pub(super) fn tell(&self) {
        if self.phase.get() == Phase::Idle {
            self.since.set(Instant::now());
        }
    }

    /// There is no room for what is to be sent.
    pub(super) fn fill(&self, now: Instant) {
        self.full_since.set(self.full_since.get().or(Some(now)));
    }

    /// All that was to be sent has gone out; whether there was no room before.
    pub(super) fn drain(&self) -> bool {
        self.full_since.take().is_some()
    }

    /// A request is complete but for its body.
    pub(super) fn begin_answer(&self) {
        self.enter(Phase::Answering);
    }

    /// The answer is on its way; what still comes of the request counts as the next one.
    pub(super) fn end_answer(&self) {
        if self.phase.get() == Phase::Answering {
            self.enter(Phase::Idle);
        }
    }

    /// From now on somebody else looks after it.
    pub(super) fn become_socket(&self) {
        self.enter(Phase::Socket);
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
    }

    pub(super) fn is_socket(&self) -> bool {
        self.phase.get() == Phase::Socket
    }

    /// Whether it is a socket whose session waits for room.
    pub(super) fn is_full_socket(&self) -> bool {
        self.is_socket() && self.full_since.get().is_some()
    }

    /// Whether there are more connections than there should be.
    pub(super) fn is_crowded(&self) -> bool {
        self.crowd.is_too_large()
    }

    /// How the reading of a connection ends that has to go. Of a request that is on its way, as if the client had closed its
    /// side, so that it is answered. Where an answer is on its way that would not do: who has closed the own side reads on for
    /// as long as it likes.
    pub(super) fn end(&self) -> io::Result<()> {
        match self.phase.get() {
            Phase::Asking => Ok(()),
            Phase::Answering | Phase::Idle | Phase::Socket => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Why the connection has to go, if it has: its client keeps us waiting.
    pub(super) fn overdue(&self, now: Instant) -> Option<&'static str> {
        let waited = now.saturating_duration_since(self.since.get());
        let (patience, hurried) = match self.phase.get() {
            Phase::Asking => (REQUEST_TIMEOUT + GRACE, HURRIED_REQUEST),
            Phase::Idle => (KEEP_ALIVE + GRACE, HURRIED_IDLE),
            Phase::Socket => return self.is_untaken(now).then_some("slow"),
            Phase::Answering => return None,
        };
        if waited >= patience {
            Some("slow")
        } else {
            (waited >= hurried && self.is_crowded()).then_some("crowded")
        }
    }

    fn is_untaken(&self, now: Instant) -> bool {
        self.full_since.get().is_some_and(|since| now.saturating_duration_since(since) >= UNTAKEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A_MOMENT: Duration = Duration::from_millis(10);

    fn after(wait: Duration) -> Instant {
        Instant::now() + wait
    }

    #[test]
    fn a_head_has_its_time_whichever_request_it_is() {
        let seat = Seat::take(&Crowd::new(100));
        assert_eq!(seat.overdue(after(REQUEST_TIMEOUT)), None);
        assert_eq!(seat.overdue(after(REQUEST_TIMEOUT + GRACE)), Some("slow"));
        seat.begin_answer();
        assert_eq!(seat.overdue(after(KEEP_ALIVE * 2)), None, "we are the slow ones");
        assert!(seat.end().is_err(), "who does not read is not read to the end");
        seat.end_answer();
        assert_eq!(seat.overdue(after(REQUEST_TIMEOUT * 2)), None, "nothing has come");
        seat.hear();
        assert_eq!(seat.overdue(after(REQUEST_TIMEOUT + GRACE)), Some("slow"));
    }

    #[test]
    fn a_socket_is_our_business_where_it_takes_nothing() {
        let crowd = Crowd::new(1);
        let (_other, seat) = (Seat::take(&crowd), Seat::take(&crowd));
        seat.begin_answer();
        seat.become_socket();
        seat.hear();
        assert!(seat.is_socket() && seat.is_crowded());
        assert_eq!(seat.overdue(after(KEEP_ALIVE * 2)), None);
        seat.fill(Instant::now());
        seat.fill(after(UNTAKEN));
        assert_eq!((seat.overdue(after(UNTAKEN / 2)), seat.is_full_socket()), (None, true));
        assert_eq!(seat.overdue(after(UNTAKEN)), Some("slow"));
        assert!(seat.drain() && !seat.drain() && !seat.is_full_socket());
        assert_eq!(seat.overdue(after(UNTAKEN)), None);
    }

    #[test]
    fn in_a_crowd_whoever_keeps_us_waiting_goes_first() {
        let crowd = Crowd::new(8);
        let seats: Vec<_> = (0..7).map(|_| Seat::take(&crowd)).collect();
        let [asking, idle, answering, ..] = &seats[..] else { panic!() };
        idle.begin_answer();
        idle.end_answer();
        answering.begin_answer();
        assert_eq!(asking.overdue(after(HURRIED_REQUEST - A_MOMENT)), None);
        assert_eq!(asking.overdue(after(HURRIED_REQUEST)), Some("crowded"));
        assert_eq!(idle.overdue(after(HURRIED_REQUEST)), None);
        assert_eq!(idle.overdue(after(HURRIED_IDLE)), Some("crowded"));
        assert_eq!(answering.overdue(after(KEEP_ALIVE)), None);
        seats[6].leave();
        assert_eq!(asking.overdue(after(HURRIED_REQUEST)), None, "there is room again");
    }
}
