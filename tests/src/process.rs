//! Processes as the system sees them: how large they are, whose they are, and what they can be told.

use std::fs;
use std::process::Command;

/// A process that runs, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process(pub u32);

impl Process {
    /// Its resident memory, in MB; it must run.
    pub fn resident_mb(self) -> f64 {
        self.resident().expect("a process that runs")
    }

    /// Its resident memory, in MB, if it runs.
    pub fn resident(self) -> Option<f64> {
        Some(self.status("VmRSS")? * 1024.0 / 1e6)
    }

    /// How many threads it has.
    pub fn threads(self) -> f64 {
        self.status("Threads").expect("a process that runs")
    }

    /// How many files and sockets it holds open.
    pub fn open_files(self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.0)).expect("a process that runs").count()
    }

    /// Whether it is still there. One that has ended and that nobody has asked for counts as gone.
    pub fn is_there(self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        let state = status.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        state.is_some_and(|state| !"ZX".contains(state))
    }

    /// What its program is called, cut after 15 letters; empty where it is gone.
    pub fn name(self) -> String {
        fs::read_to_string(format!("/proc/{}/comm", self.0)).unwrap_or_default().trim_end().to_owned()
    }

    /// Those that it started and that still run.
    pub fn children(self) -> Vec<Self> {
        let Ok(tasks) = fs::read_dir(format!("/proc/{}/task", self.0)) else { return Vec::new() };
        let lists = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let lists: Vec<String> = lists.collect();
        lists
            .iter()
            .flat_map(|list| list.split_whitespace())
            .filter_map(|it| it.parse().ok())
            .map(Self)
            .collect()
    }

    /// Sends it a signal, by its name (`TERM`, `KILL`, `STOP`, `CONT`); nothing where it is gone already.
    pub fn signal(self, name: &str) {
        if self.is_there() {
            let told = Command::new("kill").args([&format!("-{name}"), &self.0.to_string()]).output();
            told.expect("kill");
        }
    }

    /// Sends one to several at once, as far as they are there.
    pub fn signal_all(processes: &[Self], name: &str) {
        let numbers =
            processes.iter().filter(|process| process.is_there()).map(|process| process.0.to_string());
        let told = Command::new("kill").arg(format!("-{name}")).args(numbers).output();
        told.expect("kill");
    }

    /// A number that the kernel tells of it.
    fn status(self, name: &str) -> Option<f64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}
