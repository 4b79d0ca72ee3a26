//! A wire between two programs, on loopback, that can be spoiled while it is in use.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// What the wire does with what is sent over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It arrives.
    Pass,
    /// It arrives later, each way by as much.
    Late {
        /// From those who ask.
        requests: Duration,
        /// From those who answer.
        replies: Duration,
    },
    /// Connections open, and nothing arrives, until the mode changes: then what was held arrives after all.
    HalfOpen,
    /// The same, and a connection that was there meanwhile stays dead; new ones work again once the mode changes.
    BlackHole,
    /// Requests arrive. At every so-many-th reply the connection is reset instead: what was asked for has been done.
    CutEach(u64),
    /// Every connection is reset.
    Refuse,
}

/// The wire. Gone where it is dropped, with every connection.
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    cuts: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

#[derive(Clone)]
struct Wire {
    target: SocketAddr,
    mode: watch::Receiver<Mode>,
    replies: Arc<AtomicU64>,
    cuts: Arc<AtomicU64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Requests,
    Replies,
}

/// How a connection ends.
enum End {
    /// As its ends want it.
    Closed,
    /// By a reset.
    Cut,
    /// It stays open, and nothing comes through.
    Dead,
}

impl Proxy {
    /// A wire to this address, which works.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (mode, receiver) = watch::channel(Mode::Pass);
        let cuts = Arc::default();
        let wire = Wire { target, mode: receiver, replies: Arc::default(), cuts: Arc::clone(&cuts) };
        Self { address, mode, cuts, accepting: tokio::spawn(accept(listener, wire)) }
    }

    /// A wire to the server of this URL (`http://host:port`, `postgres://user@host:port/database`).
    pub async fn to_url(url: &str) -> Self {
        Self::to(authority(url).parse().expect("an address in the URL")).await
    }

    /// The same URL, over this wire.
    pub fn url(&self, url: &str) -> String {
        url.replace(authority(url), &self.address.to_string())
    }

    /// Spoils it, or mends it.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// How many connections were reset at a reply.
    pub fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// `host:port` of a URL.
fn authority(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority)
}

async fn accept(listener: TcpListener, wire: Wire) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    connections.spawn(carry(client, wire.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection, from its beginning to its end.
async fn carry(mut client: TcpStream, wire: Wire) {
    let mut mode = wire.mode.clone();
    let connected = tokio::select! {
        server = connect(&wire) => Ok(server),
        end = ended(&mut mode) => Err(end),
    };
    let mut server = match connected {
        Ok(Some(server)) => server,
        Ok(None) | Err(End::Cut) => return reset(&client),
        Err(_) => return std::future::pending().await,
    };
    let end = {
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        let requests = pump(from_client, to_server, Way::Requests, wire.clone());
        let replies = pump(from_server, to_client, Way::Replies, wire);
        tokio::select! {
            end = both(requests, replies) => end,
            end = ended(&mut mode) => end,
        }
    };
    match end {
        End::Closed => {}
        End::Cut => [&client, &server].into_iter().for_each(reset),
        End::Dead => std::future::pending().await,
    }
}

/// The other end, once the mode lets anything through; none where nobody is there.
async fn connect(wire: &Wire) -> Option<TcpStream> {
    let mut mode = wire.mode.clone();
    let _ = mode.wait_for(|mode| *mode != Mode::HalfOpen).await;
    let server = TcpStream::connect(wire.target).await.ok()?;
    server.set_nodelay(true).ok()?;
    Some(server)
}

/// Waits for a mode that no connection outlives.
async fn ended(mode: &mut watch::Receiver<Mode>) -> End {
    match mode.wait_for(|mode| matches!(mode, Mode::BlackHole | Mode::Refuse)).await {
        Ok(mode) if *mode == Mode::BlackHole => End::Dead,
        _ => End::Cut,
    }
}

async fn both(requests: impl Future<Output = End>, replies: impl Future<Output = End>) -> End {
    let (mut requests, mut replies) = (std::pin::pin!(requests), std::pin::pin!(replies));
    tokio::select! {
        end = &mut requests => if matches!(end, End::Closed) { replies.await } else { end },
        end = &mut replies => if matches!(end, End::Closed) { requests.await } else { end },
    }
}

/// One way. What is read gets a moment at which it is due, so that a late wire is not a narrow one.
async fn pump(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, way: Way, wire: Wire) -> End {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(1024);
    let mode = wire.mode.clone();
    let reading = async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length) = from.read(&mut buffer).await {
            let due = Instant::now() + delay(*mode.borrow(), way);
            if length == 0 || sender.send((due, buffer[..length].to_vec())).await.is_err() {
                break;
            }
        }
    };
    let writing = async move {
        while let Some((due, piece)) = pieces.recv().await {
            sleep_until(due).await;
            if is_cut(&wire, way).await {
                return End::Cut;
            }
            if to.write_all(&piece).await.is_err() {
                return End::Cut;
            }
        }
        let _ = to.shutdown().await;
        End::Closed
    };
    // Where the writer has ended, what is read is for nobody.
    tokio::select! {
        end = writing => end,
        never = async { reading.await; std::future::pending().await } => never,
    }
}

fn delay(mode: Mode, way: Way) -> Duration {
    match (mode, way) {
        (Mode::Late { requests, .. }, Way::Requests) => requests,
        (Mode::Late { replies, .. }, Way::Replies) => replies,
        _ => Duration::ZERO,
    }
}

/// Waits until something may pass; says whether the connection is to be reset instead.
async fn is_cut(wire: &Wire, way: Way) -> bool {
    let mut mode = wire.mode.clone();
    let Ok(mode) = mode.wait_for(|mode| *mode != Mode::HalfOpen).await.map(|mode| *mode) else { return true };
    if way == Way::Requests {
        return false;
    }
    let number = wire.replies.fetch_add(1, Ordering::Relaxed) + 1;
    let is_cut = matches!(mode, Mode::CutEach(each) if number.is_multiple_of(each));
    wire.cuts.fetch_add(u64::from(is_cut), Ordering::Relaxed);
    is_cut
}

/// The next thing that its other end hears is a reset.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}
