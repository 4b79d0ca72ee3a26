use actix_web::body::to_bytes;
use actix_web::dev::Payload;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, FromRequest, HttpRequest, get, web};

use super::*;

#[get("/named")]
async fn named() -> String {
    current()
}

#[get("/refused/{what}")]
async fn refused() -> Result<String, Problem> {
    Err(Problem::not_found("There is nothing."))
}

#[get("/panicked")]
async fn panicked() -> String {
    panic!("as the test wants it")
}

#[get("/panicked/later")]
async fn panicked_later() -> String {
    tokio::task::yield_now().await;
    panic!("as the test wants it")
}

/// What a request has to show before its handler is asked.
struct Ticket;

impl FromRequest for Ticket {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        panic!("as the test wants it")
    }
}

#[get("/panicked/before")]
async fn panicked_before(_: Ticket) -> String {
    current()
}

/// The status, the name in the header, and the body.
async fn answered(path: &str, name: &str) -> (u16, String, String) {
    let app = App::new().wrap(from_fn(follow)).service(named).service(refused);
    let app = app.service(panicked).service(panicked_later).service(panicked_before);
    let app = init_service(app.default_service(web::to(refused_everywhere))).await;
    let request = TestRequest::get().uri(path).insert_header((HEADER, name)).to_request();
    // What the middleware turns into an error becomes a response in the server.
    let response = match actix_web::dev::Service::call(&app, request).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let name = response.headers().get(HEADER).unwrap().to_str().unwrap().to_owned();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body()).await.ok().unwrap();
    (status, name, String::from_utf8(body.to_vec()).unwrap())
}

async fn refused_everywhere() -> Result<String, Problem> {
    Err(Problem::not_found("There is nothing."))
}

#[actix_web::test]
async fn a_client_may_name_its_request() {
    let (status, name, body) = answered("/named", "order-7.retry_2").await;
    assert_eq!((status, name.as_str(), body.as_str()), (200, "order-7.retry_2", "order-7.retry_2"));
}

#[actix_web::test]
async fn a_name_that_could_do_harm_is_replaced() {
    for name in ["", "two words", "a/b", "é", &"x".repeat(65)] {
        let (_, given, body) = answered("/named", name).await;
        assert!(given != name && given.len() == 36, "{name} became {given}");
        assert_eq!(given, body);
    }
}

#[actix_web::test]
async fn every_problem_tells_the_name() {
    for path in ["/refused/this", "/nowhere"] {
        let (status, name, body) = answered(path, "order-7").await;
        assert_eq!((status, name.as_str()), (404, "order-7"));
        assert!(body.contains(r#""request_id":"order-7""#), "{body}");
    }
}

#[actix_web::test]
async fn a_panic_is_answered() {
    for path in ["/panicked", "/panicked/later", "/panicked/before"] {
        let (status, name, body) = answered(path, "order-7").await;
        assert_eq!((status, name.as_str()), (500, "order-7"), "{path}");
        assert!(body.contains(r#""code":"internal""#) && body.contains("order-7"), "{body}");
        assert!(!body.contains("as the test wants it"), "{body}");
    }
}

#[actix_web::test]
async fn outside_of_a_request_there_is_no_name() {
    assert_eq!(current(), "");
    let app = init_service(App::new().service(named)).await;
    let response = call_service(&app, TestRequest::get().uri("/named").to_request()).await;
    assert!(response.headers().get(HEADER).is_none());
}

#[test]
fn made_up_methods_share_a_label() {
    assert_eq!(known(&Method::PATCH), "PATCH");
    assert_eq!(known(&Method::from_bytes(b"FOO1").unwrap()), "OTHER");
}
