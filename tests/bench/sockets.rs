//! Sockets that are read as cheaply as can be: thousands of readers work on the cores of the server that they measure, and
//! a browser's work is not what is to be measured.

use std::cell::RefCell;
use std::io::ErrorKind;

use edtech_tests::{Client, Watcher};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is read at a time at most.
const READ_BYTES: usize = 64 * 1024;

/// How much of a text is kept: where it begins.
const KEPT_BYTES: usize = 128;

/// Of the head of an answer.
const END: &[u8] = b"\r\n\r\n";

/// The longest head of a frame from a server.
const HEAD: usize = 10;

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// A pong without a payload, behind a mask of zeros.
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

thread_local! {
    /// What was just read; nobody waits with it, so those who read in turns share it.
    static BYTES: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// An open socket that has read its first frame.
pub struct Socket {
    stream: TcpStream,
    frames: Frames,
}

impl Socket {
    /// Shakes hands, and reads the snapshot.
    pub async fn open(client: &Client) -> Self {
        let address = client.url().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(handshake(client).as_bytes()).await.expect("a connection that takes a request");
        let mut answer = Vec::new();
        let end = loop {
            assert!(stream.read_buf(&mut answer).await.expect("an answer") > 0, "the connection ended");
            if let Some(at) = answer.windows(END.len()).position(|bytes| bytes == END) {
                break at + END.len();
            }
        };
        let (head, begin) = answer.split_at(end);
        assert!(head.starts_with(b"HTTP/1.1 101 "), "no socket: {}", String::from_utf8_lossy(head));
        let mut socket = Self { stream, frames: Frames::default() };
        socket.frames.follow(begin, &mut |_| ());
        while socket.frames.texts == 0 {
            assert!(socket.read(&mut |_| ()).await, "the socket ended before its first frame");
        }
        socket
    }

    /// Reads on until the socket ends, and tells how each text begins once all of it is there.
    pub async fn read_on(&mut self, mut heard: impl FnMut(&[u8])) {
        while self.read(&mut heard).await {}
    }

    /// Reads once what there is; false where that was all.
    async fn read(&mut self, heard: &mut impl FnMut(&[u8])) -> bool {
        self.stream.readable().await.expect("a socket");
        let read = BYTES.with_borrow_mut(|bytes| {
            let length = match self.stream.try_read(bytes) {
                Ok(0) => return false,
                Ok(length) => length,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            };
            self.frames.follow(&bytes[..length], heard);
            true
        });
        let pinged = std::mem::take(&mut self.frames.is_pinged);
        let answered = !pinged || self.stream.write_all(&PONG).await.is_ok();
        read && answered && !self.frames.is_closed
    }
}

fn handshake(client: &Client) -> String {
    let request = Watcher::request(client);
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}\r\n", value.to_str().expect("a header of ASCII")));
    format!("GET {} HTTP/1.1\r\n{}\r\n", request.uri().path(), headers.collect::<String>())
}

/// The frames of a server, none of which is a part of a message, as they come in.
#[derive(Default)]
struct Frames {
    /// The head of a frame, then the beginning of what it holds.
    begin: Vec<u8>,
    /// Where the head is complete: what is still to come of the frame.
    rest: Option<usize>,
    texts: u64,
    is_pinged: bool,
    is_closed: bool,
}

impl Frames {
    fn follow(&mut self, mut bytes: &[u8], heard: &mut impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            let Some(rest) = self.rest else {
                self.begin.push(bytes[0]);
                bytes = &bytes[1..];
                self.rest = length(&self.begin);
                if self.rest == Some(0) {
                    self.end(heard);
                }
                continue;
            };
            let (part, others) = bytes.split_at(rest.min(bytes.len()));
            let kept = part.len().min((HEAD + KEPT_BYTES).saturating_sub(self.begin.len()));
            self.begin.extend_from_slice(&part[..kept]);
            bytes = others;
            self.rest = Some(rest - part.len());
            if rest == part.len() {
                self.end(heard);
            }
        }
    }

    /// A frame is there as a whole.
    fn end(&mut self, heard: &mut impl FnMut(&[u8])) {
        let first = self.begin[0];
        assert!(first & 0x80 != 0, "a part of a message");
        match first & 0x0f {
            TEXT => {
                self.texts += 1;
                heard(&self.begin[2..]);
            }
            PING => self.is_pinged = true,
            CLOSE => self.is_closed = true,
            other => panic!("a frame of kind {other}"),
        }
        self.begin.clear();
        self.rest = None;
    }
}

/// The length that the head of a frame tells, once it is complete.
fn length(head: &[u8]) -> Option<usize> {
    match *head {
        [_, length] if length < 126 => Some(length.into()),
        [_, 126, one, two] => Some(u16::from_be_bytes([one, two]).into()),
        [_, 127, ref eight @ ..] if eight.len() == 8 => {
            Some(u64::from_be_bytes(eight.try_into().expect("eight bytes")) as usize)
        }
        _ => None,
    }
}
