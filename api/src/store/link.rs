//! The link to PostgreSQL: somebody asks all the time whether it is there, so that everybody else need not wait to find out.
//!
//! A connection whose other end has vanished says nothing: a statement on it would wait until the kernel gives up, after a
//! quarter of an hour, and hold what it holds. Nor is a limit for each statement of use: some may take seconds, and a
//! client shall know within one that nobody answers. So an empty message goes to the server and back some times a second, on
//! a connection of its own. Where it does not come back the link is lost: whoever waits is told so, whoever comes is told so
//! at once, and every connection is let go of. As soon as the server answers again there are new ones.
//!
//! SQLite lives in this process and is always there; so is PostgreSQL for commands, which nobody waits for. Whether what logs
//! are stored in can be written to is another question: see [`held`](super::held).

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::sqlx::{self, ConnectOptions as _, Connection};
use sea_orm::{DbErr, RuntimeErr};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::held::Tables;
use super::{Dialect, Store};

/// Between two questions. With [`PATIENCE`] it makes less than the second within which a client is to know.
const BETWEEN_BEATS: Duration = Duration::from_millis(50);

/// A server that takes longer than this for nothing is away. One that takes half a second is slow, and is waited for.
const PATIENCE: Duration = Duration::from_millis(750);

/// Whoever wakes up so much too late had no turn on its machine.
const STOOD_STILL: Duration = Duration::from_millis(100);

/// A connection takes several messages each way.
const CONNECTING: Duration = Duration::from_secs(3);

/// How the database stands, as far as anybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It answers.
    There,
    /// It answers, and somebody else holds what logs are stored in.
    Held,
    /// It does not answer.
    Lost,
}

/// How the database stands, for everybody who wants to know. Cheap to clone.
#[derive(Clone)]
pub(super) struct Link(Arc<watch::Sender<Standing>>);

impl Default for Link {
    /// There, until somebody finds out otherwise.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Standing::There)))
    }
}

impl Link {
    /// What is known now.
    pub(super) fn standing(&self) -> Standing {
        *self.0.borrow()
    }

    /// Tells everybody, and wakes them where it is news; returns what they were told before.
    pub(super) fn tell(&self, standing: Standing) -> Standing {
        let mut before = standing;
        self.0.send_if_modified(|known| {
            before = std::mem::replace(known, standing);
            before != standing
        });
        before
    }

    /// Ends as soon as it stands so.
    pub(super) async fn stands(&self, wanted: Standing) {
        // The other end is ours as well.
        let _ = self.0.subscribe().wait_for(|standing| *standing == wanted).await;
    }

    /// Works on the database, unless it is away. Where it is lost meanwhile the work is dropped with its connection, and
    /// perhaps done.
    pub(super) async fn hold<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if self.standing() == Standing::Lost {
            return Err(lost());
        }
        tokio::select! {
            biased;
            done = work => done,
            () = self.stands(Standing::Lost) => Err(lost()),
        }
    }
}

impl Store {
    /// Finds out all the time how the database stands, as long as the server runs.
    pub async fn keep_link(&self) {
        match self.dialect {
            Dialect::Sqlite => self.wait_for_its_lock().await,
            Dialect::Postgres => self.ask_all_the_time().await,
        }
    }

    async fn ask_all_the_time(&self) {
        loop {
            let Err(error) = self.follow_pulse().await;
            if self.link.standing() != Standing::Lost {
                tracing::warn!(%error, "the database does not answer: clients are told to come again");
                self.let_go().await;
            }
            sleep(BETWEEN_BEATS).await;
        }
    }

    /// Ends where the server does not answer.
    async fn follow_pulse(&self) -> Result<Infallible, sqlx::Error> {
        let options = self.settings.pulse()?;
        let mut connection = timeout(CONNECTING, options.connect()).await.map_err(|_| silence())??;
        let mut tables = Tables::default();
        loop {
            answered(connection.ping()).await?;
            let standing = answered(tables.stand(&mut connection)).await?;
            note(self.link.tell(standing), standing);
            sleep(BETWEEN_BEATS).await;
        }
    }

    /// The pools are closed before anybody is told: what comes back to them then is closed and not kept.
    async fn let_go(&self) {
        self.writer.let_go().await;
        self.reader.let_go().await;
        self.link.tell(Standing::Lost);
        self.express.let_go().await;
    }
}

/// An answer, unless it is not there in time. Where this process stood still meanwhile, with its machine perhaps, nobody can
/// tell who was late: the time begins anew, once.
async fn answered<T>(asked: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let (mut asked, begun) = (pin!(asked), Instant::now());
    if let Ok(answer) = timeout(PATIENCE, &mut asked).await {
        return answer;
    }
    if begun.elapsed() < PATIENCE + STOOD_STILL {
        return Err(silence());
    }
    timeout(PATIENCE, asked).await.map_err(|_| silence())?
}

/// Tells the log what changed.
pub(super) fn note(before: Standing, now: Standing) {
    match now {
        Standing::Held if before != now => {
            tracing::warn!("somebody else holds what logs are stored in: clients are told to come again");
        }
        Standing::There if before != now => note_end_of(before),
        _ => {}
    }
}

fn note_end_of(trouble: Standing) {
    let better = match trouble {
        Standing::Held => "what logs are stored in is free again",
        Standing::There | Standing::Lost => "the database answers again",
    };
    tracing::info!("{better}");
}

fn silence() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

/// What everybody is told meanwhile.
fn lost() -> DbErr {
    let away = std::io::Error::new(std::io::ErrorKind::NotConnected, "it does not answer");
    DbErr::Conn(RuntimeErr::SqlxError(sqlx::Error::Io(away).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn silence_counts_only_while_this_process_can_listen() {
        let late = async {
            std::thread::sleep(PATIENCE + 2 * STOOD_STILL);
            sleep(STOOD_STILL).await;
            Ok(1)
        };
        assert_eq!(answered(late).await.expect("an answer"), 1);
        assert!(answered(std::future::pending::<Result<(), _>>()).await.is_err());
    }

    #[tokio::test]
    async fn whoever_waits_is_told_and_whoever_comes_is_told_at_once() {
        let link = Link::default();
        assert_eq!(link.hold(async { Ok(1) }).await.unwrap(), 1);
        let waiting = link.hold(std::future::pending::<Result<(), _>>());
        let (waited, _) = tokio::join!(waiting, async { link.tell(Standing::Lost) });
        assert!(matches!(waited, Err(DbErr::Conn(_))));
        assert!(matches!(link.hold(async { Ok(1) }).await, Err(DbErr::Conn(_))));
        for standing in [Standing::Held, Standing::There] {
            link.tell(standing);
            assert_eq!(link.hold(async { Ok(1) }).await.unwrap(), 1);
        }
    }
}
