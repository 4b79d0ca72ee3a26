//! A server that runs.

use std::fs::File;
use std::future::IntoFuture;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout};
use uuid::Uuid;

use crate::command::terminate;
use crate::confidential::Confidential;
use crate::database::CLIENT_ID;
use crate::{Client, Command, Database, eventually};

/// How long a start may take, also where a busy machine makes the schema.
const STARTING: Duration = Duration::from_secs(120);

/// How long a stop may take: the server's own limit, and some.
const STOPPING: Duration = Duration::from_secs(20);

/// How long a server may take to tell its figures; one that is held up tells none.
const A_SECOND: Duration = Duration::from_secs(1);

/// What a server writes into its log when it was told to stop.
const STOPS: &str = r#""message":"stopping""#;

/// What wakes somebody up; of what our own code says.
const ALARMS: [&str; 2] = [r#""level":"WARN""#, r#""level":"ERROR""#];
const OURS: &str = r#""target":"edtech_api"#;

/// A running `edtech-api serve`; killed where it is dropped.
#[derive(Debug)]
pub struct Platform {
    child: Child,
    client: Client,
    client_secret: String,
    confidential: Confidential,
    stderr: PathBuf,
}

/// A server that is about to start: await it.
#[derive(Debug)]
#[must_use = "it starts when it is awaited"]
pub struct Start<'d> {
    database: &'d Database,
    command: Command,
    root: Option<String>,
}

impl Platform {
    /// Starts a server on this database.
    pub fn start(database: &Database) -> Start<'_> {
        Start { database, command: Command::api(database, ["serve", "--port", "0"]), root: None }
    }

    /// A client with every scope.
    pub async fn client(&self) -> Client {
        let form = json!({
            "grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": self.client_secret,
        });
        let request = || self.client.request(reqwest::Method::POST, "/auth/token").form(&form);
        let answer = self.client.patiently(request).await.expect(200);
        self.client.with_token(answer["access_token"].as_str().expect("an access_token"))
    }

    /// What a person shows to sign in with every scope.
    pub fn credentials(&self) -> Value {
        json!({"name": CLIENT_ID, "password": self.client_secret})
    }

    /// A page in a browser that is signed in with every scope.
    pub async fn signed_in(&self) -> Client {
        let answer = self.client.post_json("/auth/session", &self.credentials()).await;
        let (cookie, _) = answer.header("set-cookie").split_once(';').expect("a cookie");
        self.client.with_cookie(cookie)
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Client {
        self.client.clone()
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        self.client.url()
    }

    /// What the simulator needs to post here.
    pub fn simulator_environment(&self) -> [(&'static str, &str); 3] {
        [
            ("EDTECH_URL", self.url()),
            ("EDTECH_CLIENT_ID", CLIENT_ID),
            ("EDTECH_CLIENT_SECRET", &self.client_secret),
        ]
    }

    /// Tells it to stop (SIGTERM), without waiting for it.
    pub fn terminate(&self) {
        terminate(&self.child);
    }

    /// Waits for the end of a server that was told to stop: it must end by itself and say that all is well, and
    /// nothing that would alarm anybody.
    pub async fn ended(mut self) {
        let status = tokio::time::timeout(STOPPING, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("it does not stop within {STOPPING:?}"));
        let said = self.said();
        assert_eq!(status.expect("a status").code(), Some(0), "{said}");
        let goodbye = said.split(STOPS).nth(1).unwrap_or_default();
        let is_alarm = |line: &&str| ALARMS.iter().any(|level| line.contains(level)) && line.contains(OURS);
        assert_eq!(goodbye.lines().find(is_alarm), None, "on its way out");
    }

    /// Stops it gracefully.
    pub async fn stop(self) {
        self.assert_silent(&self.figures());
        self.terminate();
        self.ended().await;
    }

    /// Kills it in the middle of whatever it does (SIGKILL).
    pub async fn kill(mut self) {
        self.child.kill().await.expect("a running server");
    }

    /// The process that runs.
    pub fn process(&self) -> u32 {
        self.child.id().expect("a running server")
    }

    /// Where its log is.
    pub fn log(&self) -> &Path {
        &self.stderr
    }

    /// What `/metrics` say; nothing where they are elsewhere, or the server is.
    fn figures(&self) -> String {
        let mut figures = String::new();
        let asked = self.url().strip_prefix("http://").and_then(|address| {
            let mut stream = TcpStream::connect_timeout(&address.parse().ok()?, A_SECOND).ok()?;
            stream.set_read_timeout(Some(A_SECOND)).ok()?;
            write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
            stream.read_to_string(&mut figures).ok()
        });
        asked.map_or_else(String::new, |_length| figures)
    }

    /// Nothing that is confidential stands here.
    fn assert_silent(&self, text: &str) {
        if let Some(found) = self.confidential.found_in(text) {
            let line = text.lines().find(|line| line.contains(&found)).unwrap_or_default();
            panic!("{} tells {found:?}: {line}", self.url());
        }
    }

    /// Its log so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let is_well = !std::thread::panicking() && matches!(self.child.try_wait(), Ok(None));
        let figures = if is_well { self.figures() } else { String::new() };
        // It is gone before its directory and its database are.
        let _ = self.child.start_kill();
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && begun.elapsed() < STOPPING {
            std::thread::sleep(Duration::from_millis(1));
        }
        if std::thread::panicking() {
            let said = self.said();
            let lines: Vec<&str> = said.lines().collect();
            let last = &lines[lines.len().saturating_sub(60)..];
            println!("--- the last that {} said\n{}", self.url(), last.join("\n"));
        } else {
            self.assert_silent(&figures);
            self.assert_silent(&self.said());
        }
    }
}

impl Start<'_> {
    /// Counts days in this zone.
    pub fn time_zone(self, zone: &str) -> Self {
        self.env("EDTECH_TIME_ZONE", zone)
    }

    /// With this in its environment.
    pub fn env(self, key: &str, value: &str) -> Self {
        Self { command: self.command.env(key, value), ..self }
    }

    /// Without this in its environment.
    pub fn without(self, key: &str) -> Self {
        Self { command: self.command.without(key), ..self }
    }

    /// By TLS: what is said by whoever has a certificate of this root (PEM) is believed.
    pub fn trusting(self, root: &str) -> Self {
        Self { root: Some(root.to_owned()), ..self }
    }

    /// Run by another program that becomes it (`prlimit`, `setpriv`).
    pub fn under(self, wrapper: &[&str]) -> Self {
        Self { command: self.command.under(wrapper), ..self }
    }

    /// On a port that others know already.
    pub fn port(self, port: &str) -> Self {
        Self { command: self.command.arguments(["serve", "--port", port]), ..self }
    }

    async fn started(self) -> Platform {
        let stderr = self.database.directory().join(format!("serve-{}.log", Uuid::new_v4().simple()));
        let mut command = self.command.prepared();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        command.stderr(File::create(&stderr).expect("a log file"));
        let mut child = command.spawn().expect("a server that starts");
        let stdout = child.stdout.take().expect("its standard output");
        let url = tokio::time::timeout(STARTING, announced(stdout)).await.ok().flatten();
        let url = url.unwrap_or_else(|| {
            panic!("it does not listen:\n{}", std::fs::read_to_string(&stderr).unwrap_or_default())
        });
        let client_secret = self.database.client_secret().to_owned();
        let confidential = self.database.confidential().clone();
        let client = Client::trusting(&url, self.root.as_deref()).telling(&confidential);
        let platform = Platform { child, client, client_secret, confidential, stderr };
        eventually("ready", STARTING, async || {
            let probe = platform.client.try_send(platform.client.request(reqwest::Method::GET, "/readyz"));
            probe.await.ok().filter(|answer| answer.status == 200)
        })
        .await;
        platform
    }
}

impl<'d> IntoFuture for Start<'d> {
    type Output = Platform;
    type IntoFuture = Pin<Box<dyn Future<Output = Platform> + 'd>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.started())
    }
}

/// The address that the server prints once it listens. What it prints later is read and forgotten, so that it never
/// waits for us.
async fn announced(stdout: ChildStdout) -> Option<String> {
    let mut lines = BufReader::new(stdout).lines();
    let begun = Instant::now();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, address)) = line.split_once("listening on ") {
            let url = address.split_whitespace().next()?.trim_end_matches('/').to_owned();
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Some(url);
        }
        assert!(begun.elapsed() < STARTING, "much said, no address");
    }
    None
}

/// An address that nobody listens on.
pub fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
