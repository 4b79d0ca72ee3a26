//! How far a replay is: a bar on a terminal, a plain line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::console;

/// Between two plain lines.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// How far a replay is, in logs posted and in bytes of the file.
pub(super) enum Progress {
    Bar(ProgressBar),
    Lines { length: u64, told: Instant },
}

impl Progress {
    pub(super) fn of(length: u64) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines { length, told: Instant::now() };
        }
        let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}, {eta} left");
        Self::Bar(ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    pub(super) fn tell(&mut self, read: u64, logs: u64) {
        match self {
            Self::Bar(bar) => {
                bar.set_position(read);
                bar.set_message(format!("{logs} logs"));
            }
            Self::Lines { length, told } if told.elapsed() >= BETWEEN_LINES => {
                *told = Instant::now();
                console::complain(&format!("{logs} logs, {} % of the file", read * 100 / (*length).max(1)));
            }
            Self::Lines { .. } => {}
        }
    }

    pub(super) fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
