//! What a client may say on its socket. actix waits for the whole of a frame, however long it says that it is, before it looks
//! at the length; so frames are followed here, as they come in, and end where they become too long.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev;
use actix_web::error::PayloadError;
use actix_web::web::Payload;
use actix_web::{FromRequest, HttpRequest};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

/// Clients say nothing that we want to know; more than this in one message is a mistake or worse.
pub(super) const MESSAGE_BYTES: usize = 4 * 1024;

/// What each part of a message counts at least, in bytes: a message of parts that hold nothing has an end as well.
const LEAST_PART: usize = 64;

/// The longest head of a frame: two bytes, a length of eight and a mask of four.
const HEAD: usize = 14;

/// The same bytes, ending in an error where a frame or a message becomes too long.
pub(super) async fn within_limits(
    request: &HttpRequest,
    bytes: Payload,
) -> Result<Payload, actix_web::Error> {
    let payload: Pin<Box<dyn Stream<Item = _>>> = Box::pin(WithinLimits { bytes, frames: Frames::default() });
    Payload::from_request(request, &mut dev::Payload::Stream { payload }).await
}

struct WithinLimits<S> {
    bytes: S,
    frames: Frames,
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for WithinLimits<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.bytes.poll_next_unpin(context);
        next.map_ok(|bytes| self.frames.follow(&bytes).map(|()| bytes)).map(|next| next.map(Result::flatten))
    }
}

/// Where frames begin and end.
#[derive(Default)]
struct Frames {
    /// The head of the frame that begins, as far as it came.
    head: [u8; HEAD],
    head_length: usize,
    /// What is still to come of a frame.
    rest: usize,
    /// What the message that goes on has come to.
    message: usize,
}

impl Frames {
    fn follow(&mut self, mut bytes: &[u8]) -> Result<(), PayloadError> {
        while let Some((&first, others)) = bytes.split_first() {
            if self.rest > 0 {
                let skipped = self.rest.min(bytes.len());
                self.rest -= skipped;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            if let Some(place) = self.head.get_mut(self.head_length) {
                *place = first;
            }
            self.head_length += 1;
            bytes = others;
            if self.head_length >= self.wanted_head() {
                self.begin()?;
            }
        }
        Ok(())
    }

    fn wanted_head(&self) -> usize {
        let [_, second, ..] = self.head;
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        match (self.head_length, second & 0x7f) {
            (0 | 1, _) => 2,
            (_, 126) => 4 + mask,
            (_, 127) => 10 + mask,
            _ => 2 + mask,
        }
    }

    /// A frame begins whose head is complete.
    fn begin(&mut self) -> Result<(), PayloadError> {
        let [first, second, length @ ..] = self.head;
        let length = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes([length[0], length[1]])),
            127 => u64::from_be_bytes(std::array::from_fn(|place| length[place])),
            short => u64::from(short),
        };
        self.rest = usize::try_from(length).unwrap_or(usize::MAX);
        self.head_length = 0;
        let (is_last, opcode) = (first & 0x80 != 0, first & 0x0f);
        // Between the parts of a message pings and pongs may come, which are short.
        if opcode >= 8 {
            return if self.rest > MESSAGE_BYTES { Err(PayloadError::Overflow) } else { Ok(()) };
        }
        let before = if opcode == 0 { self.message } else { 0 };
        let message = before.saturating_add(self.rest.max(LEAST_PART));
        self.message = if is_last { 0 } else { message };
        if message > MESSAGE_BYTES { Err(PayloadError::Overflow) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: u8 = 0x81;
    const FIRST_PART: u8 = 0x01;
    const PART: u8 = 0x00;
    const LAST_PART: u8 = 0x80;
    const PING: u8 = 0x89;

    /// A masked frame.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match length {
            0..126 => frame.push(0x80 | length as u8),
            126..65_536 => frame.extend([&[0xfe][..], &(length as u16).to_be_bytes()].concat()),
            _ => frame.extend([&[0xff][..], &(length as u64).to_be_bytes()].concat()),
        }
        frame.extend([7; 4]);
        frame.extend(vec![0xff; length]);
        frame
    }

    fn is_taken(frames: &[Vec<u8>]) -> bool {
        Frames::default().follow(&frames.concat()).is_ok()
    }

    #[test]
    fn a_message_has_a_length() {
        assert!(is_taken(&[frame(TEXT, 0), frame(TEXT, MESSAGE_BYTES), frame(PING, 125), frame(TEXT, 4000)]));
        assert!(!is_taken(&[frame(TEXT, MESSAGE_BYTES + 1)]));
        assert!(!is_taken(&[frame(TEXT, 70_000)]));
    }

    #[test]
    fn a_frame_ends_with_its_head_where_that_says_too_much() {
        for head in [
            [TEXT, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4],
            [TEXT, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4],
        ] {
            assert!(Frames::default().follow(&head).is_err());
        }
        assert!(!is_taken(&[frame(PING, 70_000)]));
    }

    #[test]
    fn a_message_of_parts_has_an_end() {
        let halves = [frame(FIRST_PART, 2000), frame(PING, 5), frame(LAST_PART, 2000)];
        assert!(is_taken(&halves.clone().into_iter().chain(halves).collect::<Vec<_>>()));
        let endless = |part: usize, parts: usize| {
            let mut frames = vec![frame(FIRST_PART, part)];
            frames.extend(vec![frame(PART, part); parts]);
            frames
        };
        assert!(is_taken(&endless(0, 63)));
        assert!(!is_taken(&endless(0, 64)));
        assert!(!is_taken(&endless(1000, 4)));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_come(
            lengths in prop::collection::vec(0_usize..5000, 1..8),
            cuts in prop::collection::vec(1_usize..700, 1..60),
        ) {
            let bytes = lengths.iter().flat_map(|&length| frame(TEXT, length)).collect::<Vec<u8>>();
            let mut frames = Frames::default();
            let (mut rest, mut outcome) = (&bytes[..], Ok(()));
            for &cut in cuts.iter().cycle() {
                let (piece, others) = rest.split_at(cut.min(rest.len()));
                outcome = outcome.and_then(|()| frames.follow(piece));
                rest = others;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(outcome.is_ok(), lengths.iter().all(|&length| length <= MESSAGE_BYTES));
        }

        #[test]
        fn no_bytes_make_it_panic(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20)) {
            let mut frames = Frames::default();
            let _ = pieces.iter().try_for_each(|piece| frames.follow(piece));
        }
    }
}
