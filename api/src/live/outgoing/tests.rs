use actix_http::ws::{OpCode, Parser};
use actix_web::body::BodyStream;
use futures_util::{FutureExt, stream};
use proptest::prelude::*;

use super::*;

const PING: [u8; 2] = [0x89, 0];
const GOODBYE: [u8; 2] = [0x88, 0];

/// What comes from one side, and when there is nothing.
#[derive(Debug, Clone)]
enum Step {
    Text(usize, usize),
    Ping,
    Nothing,
}

fn text((own, shared): (usize, usize)) -> [Bytes; 2] {
    [Bytes::from(vec![b'o'; own]), Bytes::from(vec![b's'; shared])]
}

/// Nothing is a pause of one poll.
fn with_pauses<T>(items: Vec<Option<T>>) -> impl Stream<Item = T> {
    stream::unfold(items.into_iter(), |mut items| async {
        loop {
            match items.next()? {
                Some(item) => return Some((item, items)),
                None => tokio::task::yield_now().await,
            }
        }
    })
}

fn outgoing(steps: &[Step]) -> Outgoing<impl Stream<Item = [Bytes; 2]>> {
    let texts = steps.iter().filter_map(|step| match *step {
        Step::Text(own, shared) => Some(Some(text((own, shared)))),
        Step::Nothing => Some(None),
        Step::Ping => None,
    });
    let control = steps.iter().filter_map(|step| match step {
        Step::Ping => Some(Some(PING)),
        Step::Nothing => Some(None),
        Step::Text(..) => None,
    });
    let silence = vec![None; 2 * steps.len()];
    let control = control.chain(silence).chain([Some(GOODBYE)]).collect();
    let control =
        with_pauses(control).map(|said: [u8; 2]| Ok::<_, Box<dyn Error>>(Bytes::from(said.to_vec())));
    Outgoing::new(BodyStream::new(Box::pin(control)).boxed(), with_pauses(texts.collect()))
}

/// All that goes out, by what is in the buffer of the connection each time that it is sent.
async fn sent<T: Stream<Item = [Bytes; 2]>>(mut outgoing: Outgoing<T>) -> Vec<Vec<u8>> {
    let (mut sent, mut buffer) = (Vec::new(), Vec::new());
    loop {
        let next = std::future::poll_fn(|cx| Pin::new(&mut outgoing).poll_next(cx));
        match next.now_or_never() {
            Some(Some(piece)) => buffer.extend(piece.unwrap()),
            Some(None) => break,
            None => sent.push(std::mem::take(&mut buffer)),
        }
        if buffer.len() >= PIECE {
            sent.push(std::mem::take(&mut buffer));
        }
    }
    sent.push(buffer);
    sent
}

/// The frames of some bytes, each of which is a whole message.
fn frames(bytes: &[u8]) -> Vec<(OpCode, Vec<u8>)> {
    let mut bytes = BytesMut::from(bytes);
    let mut frames = Vec::new();
    while let Some((is_whole, kind, payload)) = Parser::parse(&mut bytes, false, usize::MAX).unwrap() {
        assert!(is_whole);
        frames.push((kind, payload.unwrap_or_default().to_vec()));
    }
    assert!(bytes.is_empty(), "a frame is broken off");
    frames
}

#[tokio::test]
async fn a_text_is_one_frame_however_long_it_is() {
    for length in [0, 125, 126, 65_535, 65_536, 1_000_000] {
        let own = length.min(40);
        let sent = sent(outgoing(&[Step::Text(own, length - own)])).await;
        let text = text((own, length - own)).concat();
        assert_eq!(frames(&sent.concat()), [(OpCode::Text, text), (OpCode::Close, vec![])]);
    }
}

proptest! {
    #[test]
    fn texts_and_pings_go_out_whole_and_the_buffer_does_not_grow(
        steps in prop::collection::vec(prop_oneof![
            (0_usize..60, 0_usize..30_000).prop_map(|(own, shared)| Step::Text(own, shared)),
            (0_usize..60, (PIECE - 100)..(PIECE + 100)).prop_map(|(own, shared)| Step::Text(own, shared)),
            Just(Step::Ping),
            Just(Step::Nothing),
        ], 0..20),
    ) {
        let sent = sent(outgoing(&steps)).now_or_never().unwrap();
        let frames = frames(&sent.concat());
        let of = |wanted| frames.iter().filter(move |(kind, _)| *kind == wanted);
        let posted: Vec<Vec<u8>> = steps
            .iter()
            .filter_map(|step| if let Step::Text(own, shared) = *step { Some(text((own, shared)).concat()) } else { None })
            .collect();
        prop_assert_eq!(of(OpCode::Text).map(|(_, text)| text).collect::<Vec<_>>(), posted.iter().collect::<Vec<_>>());
        let pings = steps.iter().filter(|step| matches!(step, Step::Ping)).count();
        prop_assert_eq!(of(OpCode::Ping).count(), pings);
        prop_assert_eq!(frames.last(), Some(&(OpCode::Close, vec![])));
        prop_assert!(sent.iter().all(|buffer| buffer.len() <= PIECE), "a buffer grows");
    }
}
