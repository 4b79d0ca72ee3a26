//! When to stop: on SIGINT or SIGTERM, or once nobody is left who started us.

use std::io;
use std::process;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::COULD_NOT_RUN;

/// What else ends a command, beside signals.
#[derive(Args)]
pub(crate) struct StopArgs {
    /// End as on SIGTERM once standard input ends: a program that starts this one and holds the other end is gone then.
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

/// The word 'stop', said at most once.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Sender<bool>);

impl StopArgs {
    /// Listens from now on.
    pub(crate) fn listen(&self) -> io::Result<Stop> {
        let stop = Stop::on_signal()?;
        if self.until_stdin_ends {
            stop.clone().when_stdin_ends();
        }
        Ok(stop)
    }
}

impl Stop {
    /// Is said by SIGINT or SIGTERM. A second one ends the process at once, whatever it still does.
    pub(crate) fn on_signal() -> io::Result<Self> {
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
        let stop = Self(watch::Sender::new(false));
        let told = stop.clone();
        tokio::spawn(async move {
            either(&mut terminated, &mut interrupted).await;
            told.say();
            either(&mut terminated, &mut interrupted).await;
            process::exit(COULD_NOT_RUN.into());
        });
        Ok(stop)
    }

    fn when_stdin_ends(self) {
        // A thread of its own: nothing can wake it, and a runtime would wait for it at its end.
        std::thread::spawn(move || {
            // An input that cannot be read has ended, too.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            self.say();
        });
    }

    /// Says it.
    pub(crate) fn say(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was said.
    pub(crate) fn is_said(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is said.
    pub(crate) async fn said(&self) {
        // Its sender is here: it does not go away.
        let _ = self.listener().wait_for(|&said| said).await;
    }

    /// For those who listen by themselves.
    pub(crate) fn listener(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
