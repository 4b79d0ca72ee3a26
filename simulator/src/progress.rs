//! How far long work is: a bar on a terminal, a plain line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use crate::console;

/// Between two plain lines.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// How far long work is, in parts of a whole.
pub(crate) enum Progress {
    Bar(ProgressBar),
    Lines { length: u64, begun: Instant, told: Instant },
    Silent,
}

impl Progress {
    /// Work of so many parts, as it suits standard error.
    pub(crate) fn of(length: u64) -> Self {
        if !std::io::stderr().is_terminal() {
            let now = Instant::now();
            return Self::Lines { length, begun: now, told: now };
        }
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}, {eta} left");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        // However the work ends: what is told after it has the line to itself.
        Self::Bar(ProgressBar::new(length).with_style(style).with_finish(ProgressFinish::AndClear))
    }

    /// The same, or nothing where nobody wants to see it.
    pub(crate) fn unless(quiet: bool, length: u64) -> Self {
        if quiet { Self::Silent } else { Self::of(length) }
    }

    /// Tells how far it is, and something about it.
    pub(crate) fn tell(&mut self, position: u64, message: impl FnOnce() -> String) {
        match self {
            Self::Bar(bar) => {
                bar.set_position(position);
                bar.set_message(message());
            }
            Self::Lines { length, begun, told } if told.elapsed() >= BETWEEN_LINES => {
                *told = Instant::now();
                console::complain(&line(&message(), position, *length, begun.elapsed()));
            }
            Self::Lines { .. } | Self::Silent => {}
        }
    }
}

/// A plain line: what is told, how far it is, and what is left of it at this speed.
fn line(message: &str, position: u64, length: u64, passed: Duration) -> String {
    let share = position as f64 / length.max(1) as f64;
    let percentage = (share * 100.0) as u64;
    if position == 0 {
        return format!("{message}, {percentage} %");
    }
    let left = passed.as_secs_f64() * (1.0 - share).max(0.0) / share;
    format!("{message}, {percentage} %, {left:.0} s left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_tells_what_is_left() {
        assert_eq!(line("7 logs", 0, 10, Duration::from_secs(5)), "7 logs, 0 %");
        assert_eq!(line("7 logs", 4, 16, Duration::from_secs(5)), "7 logs, 25 %, 15 s left");
        assert_eq!(line("7 logs", 16, 16, Duration::from_secs(5)), "7 logs, 100 %, 0 s left");
        assert_eq!(line("7 logs", 1, 0, Duration::from_secs(5)), "7 logs, 100 %, 0 s left");
    }
}
