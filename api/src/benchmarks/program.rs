//! The programs that a measurement starts, and their ends: with what they print, with their parent, or by force.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Lets a program end with its parent: the parent holds the other end of its standard input.
pub(super) const UNTIL_STDIN_ENDS: &str = "--until-stdin-ends";

/// How long a server may take to listen, also where it makes its schema on a busy machine.
const STARTING: Duration = Duration::from_secs(60);

/// How long a program may take to end by itself.
const ENDING: Duration = Duration::from_secs(15);

/// The programs themselves.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    /// This one.
    pub(super) api: PathBuf,
    /// The one that lies beside it.
    pub(super) simulator: PathBuf,
}

/// A program that runs; killed where it is dropped.
#[derive(Debug)]
pub(super) struct Program {
    name: &'static str,
    child: Child,
    stdout: BufReader<ChildStdout>,
    stdin: Option<ChildStdin>,
    said: PathBuf,
}

impl Programs {
    /// Those of this installation.
    pub(super) fn of_this_installation() -> anyhow::Result<Self> {
        let api = std::env::current_exe().context("this program does not know where it lies")?;
        let simulator = api.with_file_name("edtech-simulator");
        anyhow::ensure!(
            simulator.is_file(),
            "edtech-simulator, which does the posting, is not beside edtech-api ({})",
            simulator.display()
        );
        Ok(Self { api, simulator })
    }
}

impl Program {
    /// Starts one with these arguments and nothing in its environment but this; what it complains of goes into a file.
    pub(super) fn start(
        name: &'static str,
        path: &Path,
        arguments: &[String],
        environment: &[(&str, String)],
        said: PathBuf,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(path);
        command.args(arguments).env_clear().envs(environment.iter().map(|(key, value)| (key, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&said)?).kill_on_drop(true);
        let mut child =
            command.spawn().with_context(|| format!("{} could not be started", path.display()))?;
        let stdout = child.stdout.take().map(BufReader::new).context("a program without standard output")?;
        Ok(Self { name, stdin: child.stdin.take(), child, stdout, said })
    }

    /// Its number in the system, as long as it runs.
    pub(super) fn process(&self) -> Option<u32> {
        self.child.id()
    }

    /// The address that a server prints once it listens.
    pub(super) async fn address(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let reading = async {
            loop {
                line.clear();
                if self.stdout.read_line(&mut line).await? == 0 {
                    return anyhow::Ok(None);
                }
                if let Some((_, address)) = line.trim_end().split_once("listening on ") {
                    return Ok(Some(address.to_owned()));
                }
            }
        };
        let address =
            tokio::time::timeout(STARTING, reading).await.context("the server takes too long to start")??;
        address.with_context(|| format!("the server did not start: {}", self.last_words()))
    }

    /// Waits until it has done its work, and reads what it printed: JSON.
    pub(super) async fn reading<T: DeserializeOwned>(mut self) -> anyhow::Result<T> {
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).await?;
        self.child.wait().await?;
        // What it complains of says more than that there is nothing to read.
        anyhow::ensure!(
            !printed.trim().is_empty(),
            "{} did not do its work: {}",
            self.name,
            self.last_words()
        );
        serde_json::from_str(&printed).with_context(|| format!("{} says what nobody expected", self.name))
    }

    /// Tells it to end, and waits for that.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        drop(self.stdin.take());
        if tokio::time::timeout(ENDING, self.child.wait()).await.is_err() {
            self.child.kill().await?;
            anyhow::bail!("{} did not end by itself", self.name);
        }
        Ok(())
    }

    /// The last line that it complained with.
    fn last_words(&self) -> String {
        let said = fs::read_to_string(&self.said).unwrap_or_default();
        said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned()
    }
}
