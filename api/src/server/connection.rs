//! One connection, held to what its client may take while we wait for it.
//!
//! The server's own limits end where the first request of a connection begins: whoever has asked once could send the head
//! of the next request, or what is left of a body that nobody reads, as slowly as it likes and for ever. Here every
//! connection is looked at twice a second, and one whose client keeps us waiting for too long is at its end.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::rt::net::TcpStream;
use actix_web::rt::time::{Sleep, sleep};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;

use super::seat::{Crowd, Seat};
use super::stream::Stream;

/// Between two looks, and the same where connections run short.
const LOOK_EACH: Duration = Duration::from_millis(500);
const LOOK_EACH_IN_A_CROWD: Duration = Duration::from_millis(100);

/// What the kernel may hold of what it has not sent yet: otherwise it takes in megabytes for each reader that has stopped.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 * 1024;

/// What a client may leave unread before the kernel closes its connection. Nothing else would: actix waits for a full
/// connection as long as the client keeps it open, also after everybody here has let go of it.
#[cfg(target_os = "linux")]
const UNREAD_TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes in and out.
pub(super) struct Connection {
    stream: Stream,
    seat: Rc<Seat>,
    look: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    /// One more in this crowd.
    pub(super) fn new(stream: TcpStream, tls: Option<&TlsAcceptor>, crowd: &Rc<Crowd>) -> Self {
        prepare(&stream);
        Self { stream: Stream::new(stream, tls), seat: Seat::take(crowd), look: None }
    }

    pub(super) fn seat(&self) -> Rc<Seat> {
        Rc::clone(&self.seat)
    }

    /// Whether the client has kept us waiting for too long; if not, there is another look later.
    fn is_at_its_end(&mut self, cx: &mut Context<'_>) -> bool {
        if self.seat.is_socket() && !self.seat.is_full_socket() {
            self.look = None;
            return false;
        }
        if let Some(why) = self.seat.overdue(Instant::now()) {
            metrics::counter!("http_connections_cut_total", "why" => why).increment(1);
            return true;
        }
        let pause = if self.seat.is_crowded() { LOOK_EACH_IN_A_CROWD } else { LOOK_EACH };
        loop {
            let look = self.look.get_or_insert_with(|| Box::pin(sleep(pause)));
            if look.as_mut().poll(cx).is_pending() {
                return false;
            }
            self.look = None;
        }
    }

    /// The client takes no more. Whether that is so for too long is seen by the next read, which a look makes sure of.
    fn wait_for_room(&mut self, cx: &mut Context<'_>) {
        self.seat.fill(Instant::now());
        if self.seat.is_full_socket() {
            self.is_at_its_end(cx);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.seat.leave();
    }
}

fn prepare(stream: &TcpStream) {
    let prepared = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let prepared = prepared.and_then(|()| limit_unread(stream));
    if let Err(error) = prepared {
        tracing::debug!(%error, "a connection has no limit for what is left unread");
    }
}

#[cfg(target_os = "linux")]
fn limit_unread(stream: &TcpStream) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(UNREAD_TIMEOUT))?;
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.seat.is_full_socket() {
            // Its session does not listen now: whoever says much and reads nothing would fill our memory.
            return if self.is_at_its_end(cx) { Poll::Ready(self.seat.end()) } else { Poll::Pending };
        }
        let known = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Pending if self.is_at_its_end(cx) => Poll::Ready(self.seat.end()),
            Poll::Ready(Ok(())) => {
                if buffer.filled().len() > known {
                    self.seat.hear();
                }
                Poll::Ready(Ok(()))
            }
            pending_or_failed => pending_or_failed,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if written.is_ready() {
            self.seat.tell();
        } else {
            self.wait_for_room(cx);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_pending() {
            self.wait_for_room(cx);
        } else if self.seat.drain() {
            // Something may have come meanwhile.
            cx.waker().wake_by_ref();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::task::yield_now;
    use tokio::time::timeout;

    use super::super::seat::UNTAKEN;
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// A socket, filled until there is no more room, and its client, which has said something and read nothing.
    async fn full_socket() -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = Connection::new(stream, None, &Crowd::new(100));
        connection.seat.become_socket();
        client.write_all(b"hello").await.unwrap();
        let mut idle = 0;
        // The kernel finds room for a while.
        while idle < 100 {
            let mut write =
                |cx: &mut Context<'_>| Poll::Ready(Pin::new(&mut connection).poll_write(cx, &[0; 8192]));
            idle = if poll_fn(&mut write).await.is_pending() { idle + 1 } else { 0 };
            yield_now().await;
        }
        (connection, client)
    }

    async fn read_now(connection: &mut Connection) -> Poll<io::Result<Vec<u8>>> {
        let mut bytes = [0; 16];
        let mut buffer = ReadBuf::new(&mut bytes);
        let read = poll_fn(|cx| Poll::Ready(Pin::new(&mut *connection).poll_read(cx, &mut buffer))).await;
        read.map_ok(|()| buffer.filled().to_vec())
    }

    #[tokio::test]
    async fn nothing_is_read_from_a_socket_that_takes_nothing_until_it_does() {
        let (mut connection, mut client) = full_socket().await;
        assert!(read_now(&mut connection).await.is_pending(), "it has said something");
        tokio::spawn(async move {
            let mut taken = vec![0; 1 << 20];
            while client.read(&mut taken).await.is_ok_and(|length| length > 0) {}
        });
        timeout(SOON, connection.write_all(&[0; 8192])).await.unwrap().unwrap();
        connection.flush().await.unwrap();
        assert!(matches!(read_now(&mut connection).await, Poll::Ready(Ok(said)) if said == b"hello"));
    }

    #[tokio::test]
    async fn a_socket_that_takes_nothing_for_long_is_at_its_end() {
        let (mut connection, _client) = full_socket().await;
        connection.seat.drain();
        connection.seat.fill(Instant::now() - UNTAKEN);
        let Poll::Ready(Err(error)) = read_now(&mut connection).await else { panic!("it goes on") };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
