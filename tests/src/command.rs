//! The binaries, run as an operator runs them.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Child;

use crate::Database;

/// Longer than any command of a test may take, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// A command that is about to run.
#[derive(Debug)]
pub struct Command {
    wrapper: Vec<String>,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

/// A command that runs; killed where it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    command: Command,
}

/// A command that has run.
#[derive(Debug)]
pub struct Finished {
    /// The exit code, none where a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said beside that.
    pub stderr: String,
}

impl Command {
    /// `edtech-api` with these arguments, on this database.
    pub fn api<'a>(database: &Database, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(binary("edtech-api"), arguments, database.environment())
    }

    /// `edtech-simulator` with these arguments.
    pub fn simulator<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(binary("edtech-simulator"), arguments, Vec::new())
    }

    /// Somebody else's program, as the system finds it.
    pub fn program<'a>(name: &str, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(name.into(), arguments, Vec::new())
    }

    /// One of the pair of scripts that a cluster runs (k8s/components/backup), on this database.
    pub fn backup_script(name: &str, database: &Database, arguments: &[&str]) -> Self {
        let file: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "..", "k8s", "components", "backup", name].iter().collect();
        let file = file.to_str().expect("a path in UTF-8").to_owned();
        let url = reqwest::Url::parse(database.url()).expect("a URL");
        Self::program("bash", std::iter::once(file.as_str()).chain(arguments.iter().copied()))
            .env("PGHOST", url.host_str().expect("a host"))
            .env("PGPORT", &url.port().unwrap_or(5432).to_string())
            .env("PGUSER", url.username())
            .env("PGPASSWORD", url.password().unwrap_or_default())
            .env("PGDATABASE", url.path().trim_start_matches('/'))
    }

    fn new<'a>(
        program: PathBuf,
        arguments: impl IntoIterator<Item = &'a str>,
        environment: Vec<(String, String)>,
    ) -> Self {
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        Self { wrapper: Vec::new(), program, arguments, environment }
    }

    /// The same command with this in its environment.
    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != key);
        self.environment.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The same command without this in its environment.
    pub fn without(mut self, key: &str) -> Self {
        self.environment.retain(|(known, _)| known != key);
        self
    }

    /// The same command, run by another one that becomes it (`prlimit`, `setpriv`).
    pub fn under(self, wrapper: &[&str]) -> Self {
        Self { wrapper: wrapper.iter().map(|&word| word.to_owned()).collect(), ..self }
    }

    /// The same command with no log lines: what it still says, it says to the operator.
    pub fn quietly(self) -> Self {
        self.env("RUST_LOG", "off")
    }

    /// Starts it with other arguments.
    pub(crate) fn arguments<'a>(self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self { arguments: arguments.into_iter().map(str::to_owned).collect(), ..self }
    }

    /// Runs it to its end.
    pub async fn run(self) -> Finished {
        self.start().finished().await
    }

    /// Starts it and lets it run.
    pub fn start(self) -> Running {
        let mut command = self.prepared();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Running { child: command.spawn().expect("a program that runs"), command: self }
    }

    /// The process, with nothing of this process's environment that could change what it does.
    pub(crate) fn prepared(&self) -> tokio::process::Command {
        let mut words = self.wrapper.iter().map(OsStr::new).chain([self.program.as_os_str()]);
        let mut command = tokio::process::Command::new(words.next().expect("a program"));
        command.args(words).args(&self.arguments).env_clear();
        command.envs(std::env::vars().filter(|(key, _)| key == "PATH" || key == "RUST_BACKTRACE"));
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
    }
}

impl Running {
    /// Tells it to stop (SIGTERM), without waiting for it.
    pub fn terminate(&self) {
        terminate(&self.child);
    }

    /// Kills it in the middle of whatever it does (SIGKILL).
    pub async fn killed(mut self) {
        self.child.kill().await.expect("a process to kill");
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a process of ours").is_some()
    }

    /// Waits for its end.
    pub async fn finished(self) -> Finished {
        self.finished_within(PATIENCE).await
    }

    /// Waits for its end, for so long.
    pub async fn finished_within(self, patience: Duration) -> Finished {
        let output = tokio::time::timeout(patience, self.child.wait_with_output()).await;
        let output =
            output.unwrap_or_else(|_| panic!("{:?} does not end", self.command)).expect("its output");
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Tells a process to stop (SIGTERM).
pub(crate) fn terminate(child: &Child) {
    let process = child.id().expect("a running process").to_string();
    let told = std::process::Command::new("kill").args(["-TERM", &process]).status();
    assert!(told.expect("kill").success());
}

impl Finished {
    /// What it printed; it must have ended with this code.
    #[track_caller]
    pub fn expect(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self.stdout
    }

    /// The one line that it was refused with.
    #[track_caller]
    pub fn refusal(&self) -> &str {
        assert!(self.code.is_some_and(|code| code != 0), "not refused: {self:?}");
        let mut lines = self.stderr.lines();
        let line = lines.next().unwrap_or_else(|| panic!("refused without a word: {self:?}"));
        assert_eq!(lines.next(), None, "refused with more than a line: {}", self.stderr);
        line
    }
}

impl Database {
    /// Recomputes every figure from the raw log; there must be no difference.
    pub async fn assert_verified(&self) {
        self.assert_verified_within(PATIENCE).await;
    }

    /// The same for a log that takes longer to read.
    pub async fn assert_verified_within(&self, patience: Duration) {
        Command::api(self, ["verify"]).start().finished_within(patience).await.expect(0);
    }
}

/// A binary of this workspace: beside this executable, or above it where this is a test (`target/debug/deps/platform-…`).
fn binary(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("the path of this executable");
    let found =
        this.ancestors().skip(1).take(2).map(|directory| directory.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not there: run `cargo build --workspace --bins`"))
}
