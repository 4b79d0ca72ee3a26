//! The cookie of a session: 256 random bits, of which the database keeps a hash.

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderName, SET_COOKIE};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::CryptoRng;
use sha2::{Digest, Sha256};

use super::sessions::LIFETIME;
use crate::forwarded::is_https;
use crate::store::SessionKey;

/// Its name.
pub const SESSION_COOKIE: &str = "edtech_session";

/// As many as nobody guesses.
const BYTES: usize = 32;

/// What a browser shows to go on with its session. It has no `Debug`: it is as good as a secret.
pub struct SessionCookie(String);

impl SessionCookie {
    /// One that nobody has.
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut bytes = [0; BYTES];
        rng.fill_bytes(&mut bytes);
        Self(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The one that a request brings.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let pairs = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
        let mut pairs = pairs.flat_map(|pairs| pairs.split(';')).filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(name, _)| name.trim() == SESSION_COOKIE)?;
        Some(Self(value.trim().to_owned()))
    }

    /// What the database knows it by. The value is random as a whole, so a plain hash hides it.
    pub fn key(&self) -> SessionKey {
        Sha256::digest(&self.0).into()
    }

    /// The header that gives it to a browser, for as long as a session lasts without being used.
    pub fn given(&self, request: &HttpRequest) -> (HeaderName, String) {
        set_cookie(request, &self.0, LIFETIME.num_seconds())
    }

    /// The header that takes it from a browser.
    pub fn taken(request: &HttpRequest) -> (HeaderName, String) {
        set_cookie(request, "", 0)
    }
}

/// No script reads it, no page from elsewhere sends it, and what came by https never travels without.
fn set_cookie(request: &HttpRequest, value: &str, seconds: i64) -> (HeaderName, String) {
    let secure = if is_https(request) { "; Secure" } else { "" };
    let cookie =
        format!("{SESSION_COOKIE}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
    (SET_COOKIE, cookie)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use actix_web::web::Data;

    use super::*;
    use crate::entropy;
    use crate::forwarded::Transport;

    fn shown(header: &str) -> Option<String> {
        let request = TestRequest::default().insert_header((COOKIE, header)).to_http_request();
        SessionCookie::of(request.headers()).map(|cookie| cookie.0)
    }

    #[test]
    fn a_browser_shows_it_among_others() {
        let known = Some("abc".to_owned());
        assert_eq!(shown("edtech_session=abc"), known);
        assert_eq!(shown("theme=dark; edtech_session=abc;other=1"), known);
        for header in ["", "edtech_session", "theme=dark", "xedtech_session=abc", "theme=edtech_session"] {
            assert_eq!(shown(header), None, "{header}");
        }
    }

    #[test]
    fn each_is_another_and_is_kept_as_a_hash() {
        let [one, other] = [(); 2].map(|()| SessionCookie::random(&mut entropy::rng()));
        assert_eq!(one.0.len(), 43);
        assert_ne!(one.key(), other.key());
        assert_ne!(one.0.as_bytes(), one.key());
    }

    #[test]
    fn it_keeps_to_https_where_it_came_by_it() {
        let given =
            |request: TestRequest| SessionCookie("abc".to_owned()).given(&request.to_http_request()).1;
        let plain = "edtech_session=abc; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200";
        assert_eq!(given(TestRequest::default()), plain);
        let by_tls = Transport { tls: true, ..Transport::default() };
        assert_eq!(given(TestRequest::default().app_data(Data::new(by_tls))), format!("{plain}; Secure"));
        // Anybody can say so.
        assert_eq!(given(TestRequest::default().insert_header(("x-forwarded-proto", "https"))), plain);
    }
}
