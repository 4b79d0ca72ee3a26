//! A PostgreSQL of one's own, with default durability, that may be killed, stopped and filled up.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use edtech_tests::{Process, eventually};
use sea_orm::{ConnectOptions, ConnectionTrait};
use uuid::Uuid;

/// PostgreSQL refuses to run as root; any user without rights will do.
const UNPRIVILEGED: &str = "nobody";

/// How long it may take to start, recovery included.
const STARTING: Duration = Duration::from_secs(60);

/// A cluster with its server; both are gone where it is dropped.
pub struct PrivatePostgres {
    directory: PathBuf,
    port: u16,
    /// Ours, and not detached: somebody has to see it off when it is killed, or it does not let go of its data.
    server: Mutex<Option<Child>>,
}

impl PrivatePostgres {
    /// A new cluster whose files are in this directory.
    pub async fn start_in(place: &Path) -> Self {
        let directory = place.join(format!("edtech-torture-{}", Uuid::new_v4().simple()));
        std::fs::create_dir_all(&directory).expect("a directory");
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755))
            .expect("a directory of ours");
        if is_root() {
            run(Command::new("chown").arg(UNPRIVILEGED).arg(&directory));
        }
        let cluster = Self { directory, port: free_port(), server: Mutex::default() };
        // Trust is enough: it listens on loopback alone and holds what a fault puts there.
        let made = [
            "--username",
            "postgres",
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--data-checksums",
        ];
        run(as_owner("initdb").arg("--pgdata").arg(cluster.data()).args(made));
        cluster.start_again().await;
        cluster
    }

    /// Where one of its databases is.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Where it keeps its data.
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Starts it, and returns when it began to accept connections.
    pub async fn start_again(&self) -> Instant {
        self.begin_to_start();
        let accepting = async || self.accepts().await.then(Instant::now);
        eventually("PostgreSQL accepts connections", STARTING, accepting).await
    }

    /// Has it start, and waits for nothing.
    pub fn begin_to_start(&self) {
        let log = || File::options().create(true).append(true).open(self.log()).expect("a file for its log");
        let mut server = as_owner("postgres");
        server.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        // No socket in a file: its path may be too long.
        let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=400"];
        server.args(settings.iter().flat_map(|setting| ["-c", setting]));
        server.stdin(Stdio::null()).stdout(log()).stderr(log());
        *self.server() = Some(server.spawn().expect("a server that starts"));
    }

    /// Whether it answers a question.
    pub async fn accepts(&self) -> bool {
        let mut options = ConnectOptions::new(self.url("postgres"));
        options.max_connections(1).sqlx_logging(false).acquire_timeout(Duration::from_millis(100));
        let Ok(connection) = sea_orm::Database::connect(options).await else { return false };
        let answers = connection.execute_unprepared("SELECT 1").await.is_ok();
        let _ = connection.close().await;
        answers
    }

    /// Kills the server and everything that it started (SIGKILL), as a machine that loses its power does.
    pub async fn kill(&self) {
        let processes = self.processes();
        assert!(!processes.is_empty(), "PostgreSQL does not run");
        Process::signal_all(&processes, "KILL");
        let gone = async || processes.iter().all(|process| self.is_gone(*process)).then_some(());
        eventually("PostgreSQL is gone", STARTING, gone).await;
    }

    /// Stops it as an administrator does who does not wait for clients.
    pub async fn stop(&self) {
        self.processes().iter().take(1).for_each(|server| server.signal("INT"));
        eventually("PostgreSQL stops", STARTING, async || self.processes().is_empty().then_some(())).await;
    }

    /// Has every process of it stand still (SIGSTOP): connections stay open, and nobody answers.
    pub fn stop_process(&self) {
        Process::signal_all(&self.processes(), "STOP");
    }

    /// Has them go on.
    pub fn continue_process(&self) {
        Process::signal_all(&self.processes(), "CONT");
    }

    /// The server and everything that it started; empty where it does not run.
    pub fn processes(&self) -> Vec<Process> {
        let mut server = self.server();
        let Some(child) = server.as_mut() else { return Vec::new() };
        if !matches!(child.try_wait(), Ok(None)) {
            return Vec::new();
        }
        let server = Process(child.id());
        [server].into_iter().chain(server.children()).collect()
    }

    fn is_gone(&self, process: Process) -> bool {
        self.processes().is_empty() && !process.is_there()
    }

    fn server(&self) -> MutexGuard<'_, Option<Child>> {
        self.server.lock().expect("a server that nobody broke")
    }

    fn log(&self) -> PathBuf {
        self.directory.with_extension("log")
    }

    /// The last that it said.
    pub fn said(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        let processes = self.processes();
        Process::signal_all(&processes, "KILL");
        let begun = Instant::now();
        while processes.iter().any(|process| !self.is_gone(*process)) && begun.elapsed() < STARTING {
            std::thread::sleep(Duration::from_millis(5));
        }
        if std::thread::panicking() {
            println!("--- the last that PostgreSQL said\n{}", self.said());
        }
        let _ = std::fs::remove_dir_all(&self.directory);
        let _ = std::fs::remove_file(self.log());
    }
}

/// One of PostgreSQL's programs, run by a user that may run it.
pub fn as_owner(program: &str) -> Command {
    let path = binaries().map_or_else(|| PathBuf::from(program), |directory| directory.join(program));
    if !is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", UNPRIVILEGED, "--regid", &group(), "--clear-groups"]).arg(path).current_dir("/");
    command
}

/// Runs it; it must end well.
fn run(command: &mut Command) {
    let Output { status, stdout, stderr } =
        command.output().expect("PostgreSQL's programs: apt-get install postgresql");
    let said = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(status.success(), "{command:?}: {}", said.concat());
}

/// The newest installed server, of which there may be clients of a newer version: Debian keeps its binaries off the PATH.
fn binaries() -> Option<PathBuf> {
    let of = |version: u32| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"));
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let versions = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    versions.filter(|&version| of(version).join("initdb").is_file()).max().map(of)
}

fn is_root() -> bool {
    id("-u", "").trim() == "0"
}

fn group() -> String {
    id("-g", UNPRIVILEGED).trim().to_owned()
}

fn id(flag: &str, user: &str) -> String {
    let output = Command::new("id").arg(flag).args(Some(user).filter(|user| !user.is_empty())).output();
    String::from_utf8_lossy(&output.expect("id").stdout).into_owned()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
