use proptest::prelude::*;

use super::*;
use actix_web::FromRequest;
use actix_web::test::TestRequest;
use flate2::Compression;
use flate2::write::GzEncoder;

async fn body_of(encoding: &str, bytes: Vec<u8>, max_bytes: usize) -> Result<Bytes, &'static str> {
    let request = TestRequest::default().insert_header(("content-encoding", encoding)).set_payload(bytes);
    let (req, mut payload) = request.to_http_parts();
    let payload = web::Payload::from_request(&req, &mut payload).await.unwrap();
    read_body(&req, payload, max_bytes).await.map(|body| body.clone()).map_err(|problem| problem.code())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[actix_web::test]
async fn plain_and_gzip_bodies_arrive_whole() {
    assert_eq!(body_of("identity", b"{}".to_vec(), 2).await, Ok(Bytes::from_static(b"{}")));
    assert_eq!(body_of("GZIP", gzip(b"{}"), 100).await, Ok(Bytes::from_static(b"{}")));
}

#[actix_web::test]
async fn a_small_gzip_of_many_bytes_is_too_large() {
    let bomb = gzip(&vec![0; 1 << 20]);
    assert!(bomb.len() < 10_000);
    assert_eq!(body_of("gzip", bomb, 10_000).await, Err("too_large"));
    assert_eq!(body_of("identity", vec![0; 11], 10).await, Err("too_large"));
}

#[actix_web::test]
async fn what_is_no_whole_gzip_is_refused() {
    let whole = gzip(b"{}");
    assert_eq!(body_of("gzip", whole[..whole.len() - 3].to_vec(), 100).await, Err("invalid_gzip"));
    assert_eq!(body_of("gzip", b"{}".to_vec(), 100).await, Err("invalid_gzip"));
    assert_eq!(body_of("br", b"{}".to_vec(), 100).await, Err("unsupported_media_type"));
}

#[actix_web::test]
async fn one_encoding_alone_is_undone() {
    for encodings in
        [&["gzip", "gzip"][..], &["identity", "gzip"], &["gzip, gzip"], &["gzip, br"], &["deflate"]]
    {
        let request = encodings.iter().fold(TestRequest::default(), |request, encoding| {
            request.append_header(("content-encoding", *encoding))
        });
        let (req, mut payload) = request.set_payload(gzip(&gzip(b"{}"))).to_http_parts();
        let payload = web::Payload::from_request(&req, &mut payload).await.unwrap();
        let code = read_body(&req, payload, 100).await.map_err(|problem| problem.code()).unwrap_err();
        assert_eq!(code, "unsupported_media_type", "{encodings:?}");
    }
    // A gzip within a gzip is undone once: what is in it is for the reader to judge.
    assert_eq!(body_of("gzip", gzip(&gzip(b"{}")), 100).await, Ok(Bytes::from(gzip(b"{}"))));
}

#[actix_web::test]
async fn a_gzip_goes_on_in_another_and_ends_with_the_last() {
    assert_eq!(body_of("gzip", [gzip(b"{"), gzip(b"}")].concat(), 100).await, Ok(Bytes::from_static(b"{}")));
    assert_eq!(body_of("gzip", [&gzip(b"{}")[..], b"{}"].concat(), 100).await, Err("invalid_gzip"));
    let bombs = vec![gzip(&[b' '; 6]); 3].concat();
    assert_eq!(body_of("gzip", bombs, 17).await, Err("too_large"));
}

fn decoded(chunks: &[&[u8]], max_bytes: usize) -> io::Result<Bytes> {
    let mut decoder = Decoder::Gzip(Box::new(MultiGzDecoder::new(Capped::new(max_bytes))));
    chunks.iter().try_for_each(|chunk| decoder.take(chunk))?;
    decoder.finish().map(|body| body.clone())
}

proptest! {
    #[test]
    fn a_gzip_is_what_went_into_it_or_too_large(
        bytes in prop::collection::vec(0_u8..3, 0..3000),
        chunk in 1_usize..500,
        max_bytes in 0_usize..3000,
    ) {
        let sent = gzip(&bytes);
        let outcome = decoded(&sent.chunks(chunk).collect::<Vec<_>>(), max_bytes);
        if bytes.len() <= max_bytes {
            prop_assert_eq!(outcome.unwrap(), bytes);
        } else {
            prop_assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        }
    }

    #[test]
    fn no_damage_to_a_gzip_makes_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(),
        damage in 1_u8..=255,
        cut in any::<prop::sample::Index>(),
    ) {
        let mut sent = gzip(&bytes);
        let at = at.index(sent.len());
        sent[at] ^= damage;
        sent.truncate(cut.index(sent.len()) + 1);
        if let Ok(decoded) = decoded(&[&sent], 400) {
            prop_assert!(decoded.len() <= 400);
        }
    }
}
