//! The client against servers that misbehave.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::time::Duration;

use menshen_outbound::mock::{MockServer, Reaction, Seen};
use menshen_outbound::{Answer, CallError, Client, MAX_ANSWER, Method, Request, base_url};
use tokio::time::Instant;

const SECRET: &str = "s3cr3t-of-the-query";

async fn call(url: &str, body: Option<Vec<u8>>) -> Result<Answer, CallError> {
    let client = Client::new(Duration::from_millis(500)).unwrap();
    let mut url = base_url(url).unwrap();
    url.set_query(Some(&format!("secret={SECRET}")));
    let request = Request {
        method: if body.is_some() {
            Method::POST
        } else {
            Method::GET
        },
        url,
        headers: vec![("x-secret", SECRET.to_owned())],
        body,
    };
    assert!(!format!("{request:?}").contains(SECRET));
    client
        .send(request, Instant::now() + Duration::from_secs(1))
        .await
}

async fn answered(reaction: Reaction) -> Result<Answer, CallError> {
    let react = move |_: &Seen, _| reaction.clone();
    let server = MockServer::start(react).await.unwrap();
    let result = call(&server.url(), None).await;
    assert_eq!(server.seen().len(), 1, "a request goes out once");
    result
}

#[tokio::test]
async fn a_whole_answer_is_read() {
    let answer = answered(Reaction::status(404, "body")).await.unwrap();
    assert_eq!((answer.status(), answer.body()), (404, &b"body"[..]));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let redirect = Reaction::Answer {
        status: 302,
        headers: vec![("location", "/elsewhere".to_owned())],
        body: Vec::new(),
    };
    assert_eq!(answered(redirect).await.unwrap().status(), 302);
}

#[tokio::test]
async fn a_long_answer_is_cut_off() {
    for reaction in [Reaction::ok(vec![b' '; MAX_ANSWER + 1]), Reaction::Endless] {
        assert!(matches!(answered(reaction).await, Err(CallError::TooLong)));
    }
    assert!(answered(Reaction::ok(vec![b' '; MAX_ANSWER])).await.is_ok());
}

#[tokio::test]
async fn what_breaks_after_the_request_was_written_leaves_its_fate_open() {
    for reaction in [
        Reaction::Hang,
        Reaction::Close,
        Reaction::CutShort(b"half".to_vec()),
    ] {
        let begun = Instant::now();
        let error = answered(reaction).await.unwrap_err();
        assert!(!error.certainly_not_sent(), "{error:?}");
        assert!(begun.elapsed() < Duration::from_millis(1500));
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let dead = "http://127.0.0.1:1";
    // A name that cannot be looked up, a port that refuses, a TLS handshake
    // with a server that speaks none.
    let plain = MockServer::start(|_, _| Reaction::Close).await.unwrap();
    let tls = plain.url().replace("http://", "https://");
    for url in ["http://nobody.invalid", dead, &tls] {
        let error = call(url, None).await.unwrap_err();
        assert!(error.certainly_not_sent(), "{url} {error:?}");
    }
}

#[tokio::test]
async fn no_error_shows_the_address_or_a_header() {
    let mut errors = Vec::new();
    for reaction in [Reaction::Hang, Reaction::Close, Reaction::Endless] {
        errors.push(answered(reaction).await.unwrap_err());
    }
    errors.push(call("http://127.0.0.1:1", None).await.unwrap_err());
    errors.push(call("http://nobody.invalid", None).await.unwrap_err());
    for error in errors {
        let mut chain = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            chain = format!("{chain} {inner} {inner:?}");
            source = inner.source();
        }
        assert!(!chain.contains(SECRET), "{chain}");
    }
}

#[tokio::test]
async fn a_body_goes_with_its_length_and_never_in_chunks() {
    let server = MockServer::start(|_, _| Reaction::ok("")).await.unwrap();
    for body in ["", "{\"a\":\"签\"}"] {
        call(&server.url(), Some(body.into())).await.unwrap();
    }
    let seen = server.seen();
    for (request, length) in seen.iter().zip(["0", "11"]) {
        assert_eq!(request.method, "POST");
        assert_eq!(request.header("content-length"), Some(length));
        assert_eq!(request.header("transfer-encoding"), None);
    }
}
