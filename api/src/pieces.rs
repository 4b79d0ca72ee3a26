//! Answers that are known as a whole, and go out in pieces.

use std::borrow::Cow;
use std::convert::Infallible;

use actix_web::body::SizedStream;
use bytes::Bytes;
use futures_util::{Stream, stream};

/// What is copied for a connection at a time, in bytes. The next piece comes when this one is read: whoever reads slowly, or not
/// at all, costs no more memory than that. It is what the buffer of a connection holds from the start; beside the head of an answer, or what is left
/// of a piece, another makes that twice as much.
pub const PIECE: usize = 8 * 1024;

/// This body, piece by piece. What the program holds is not copied as a whole.
pub fn in_pieces(
    whole: Cow<'static, [u8]>,
) -> SizedStream<impl Stream<Item = Result<Bytes, Infallible>> + 'static> {
    let length = whole.len();
    let whole = match whole {
        Cow::Borrowed(known) => Bytes::from_static(known),
        Cow::Owned(made) => made.into(),
    };
    let pieces = (0..length).step_by(PIECE).map(move |from| whole.slice(from..length.min(from + PIECE)));
    SizedStream::new(length as u64, stream::iter(pieces.map(Ok)))
}

#[cfg(test)]
mod tests {
    use actix_web::body::{BodySize, MessageBody, to_bytes};

    use super::*;

    #[tokio::test]
    async fn a_whole_is_the_sum_of_its_pieces() {
        for length in [0, 1, PIECE, PIECE + 1, 5 * PIECE - 1] {
            let whole: Vec<u8> = (0..length).map(|place| place as u8).collect();
            let body = in_pieces(whole.clone().into());
            assert_eq!(body.size(), BodySize::Sized(length as u64));
            assert_eq!(to_bytes(body).await.unwrap(), whole);
        }
    }
}
