//! How far long work is: a bar on a terminal, a plain line now and then elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Between two plain lines.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Told of every step, on standard error: standard output belongs to results.
pub(super) enum Progress {
    Bar(ProgressBar),
    Lines { unit: &'static str, told: Mutex<Instant> },
}

impl Progress {
    /// The progress of work that is counted in `unit`.
    pub(super) fn of(unit: &'static str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines { unit, told: Mutex::new(Instant::now()) };
        }
        let template = format!("{{bar:40}} {{human_pos}} of {{human_len}} {unit}, {{eta}} left");
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self::Bar(ProgressBar::new(0).with_style(style))
    }

    /// So much is done, of so much.
    pub(super) fn tell(&self, done: u64, total: u64) {
        match self {
            Self::Bar(bar) => {
                bar.set_length(total);
                bar.set_position(done);
            }
            Self::Lines { unit, told } => {
                let Ok(mut told) = told.lock() else { return };
                if told.elapsed() >= BETWEEN_LINES {
                    *told = Instant::now();
                    // Where standard error is closed there is nobody to tell.
                    let _ = writeln!(std::io::stderr(), "{done} of {total} {unit}");
                }
            }
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
