//! How far a replay is: a bar on a terminal, a plain line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use crate::console;

/// Between two plain lines.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// How far a replay is, in logs posted and in a part of the recording.
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
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        // However the replay ends: what is told after it has the line to itself.
        Self::Bar(ProgressBar::new(length).with_style(style).with_finish(ProgressFinish::AndClear))
    }

    pub(super) fn tell(&mut self, position: u64, logs: u64) {
        match self {
            Self::Bar(bar) => {
                bar.set_position(position);
                bar.set_message(format!("{logs} logs"));
            }
            Self::Lines { length, told } if told.elapsed() >= BETWEEN_LINES => {
                *told = Instant::now();
                let percentage = position.saturating_mul(100) / (*length).max(1);
                console::complain(&format!("{logs} logs, {percentage} % of the recording"));
            }
            Self::Lines { .. } => {}
        }
    }
}
