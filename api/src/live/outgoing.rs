//! What goes out on a socket: the texts of its session, and between them what is said about the socket itself.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream::Fuse;
use futures_util::{Stream, StreamExt};

use crate::pieces::PIECE;

/// A frame of the WebSocket that is the whole of a text (RFC 6455, 5.2).
const WHOLE_TEXT: u8 = 0x81;

/// The longest head of a frame: two bytes, and a length of eight.
const HEAD: usize = 10;

/// What begins to go out: for a text what is its own, and what others share.
type Begun = [Bytes; 2];

/// The bytes of a socket. A text is not copied for it before its turn has come, and then not beyond what fits into the buffer of
/// the connection: so the buffer of a client that keeps up stays as small as it is, however long texts are.
pub(super) struct Outgoing<T> {
    /// Pings, pongs and the goodbye, ready to be sent. It ends with the socket.
    control: BoxBody,
    texts: Pin<Box<Fuse<T>>>,
    /// What has begun to go out.
    begun: Begun,
    /// What the buffer still takes.
    room: usize,
}

impl<T: Stream<Item = [Bytes; 2]>> Outgoing<T> {
    /// These texts, each in two pieces, beside what actix says of the socket.
    pub(super) fn new(control: BoxBody, texts: T) -> Self {
        Self { control, texts: Box::pin(texts.fuse()), begun: Default::default(), room: PIECE }
    }

    /// The next piece of what has begun.
    fn piece(&mut self) -> Option<Bytes> {
        let part = self.begun.iter_mut().find(|part| !part.is_empty())?;
        let piece = part.split_to(part.len().min(self.room));
        self.room -= piece.len();
        if self.room == 0 {
            // A full buffer is sent before there is more to come.
            self.room = PIECE;
        }
        Some(piece)
    }

    /// What goes out next; none where that was all.
    fn poll_begin(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Begun, Box<dyn Error>>>> {
        if let Poll::Ready(said) = Pin::new(&mut self.control).poll_next(cx) {
            return Poll::Ready(said.map(|said| said.map(|bytes| [bytes, Bytes::new()])));
        }
        match self.texts.as_mut().poll_next(cx) {
            Poll::Ready(Some(text)) => Poll::Ready(Some(Ok(framed(text)))),
            // After the last text there is a goodbye, or the end.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl<T: Stream<Item = [Bytes; 2]>> MessageBody for Outgoing<T> {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        loop {
            if let Some(piece) = this.piece() {
                return Poll::Ready(Some(Ok(piece)));
            }
            match this.poll_begin(cx) {
                Poll::Ready(Some(Ok(begun))) => this.begun = begun,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    // Whatever was given out is sent now.
                    this.room = PIECE;
                    return Poll::Pending;
                }
            }
        }
    }
}

/// A text with the head of its frame.
fn framed([own, shared]: [Bytes; 2]) -> Begun {
    let length = own.len() + shared.len();
    let mut begin = BytesMut::with_capacity(HEAD + own.len());
    begin.put_u8(WHOLE_TEXT);
    match length {
        0..126 => begin.put_u8(length as u8),
        126..65_536 => {
            begin.put_u8(126);
            begin.put_u16(length as u16);
        }
        _ => {
            begin.put_u8(127);
            begin.put_u64(length as u64);
        }
    }
    begin.put(own);
    [begin.freeze(), shared]
}

#[cfg(test)]
mod tests;
