//! Paths, methods, addresses and headers.

use reqwest::Method;

use crate::support::Service;

#[tokio::test]
async fn what_is_not_there_is_not_found_in_the_envelope() {
    let service = Service::start().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/me/",
        "/v1//me",
        "/v2/me",
        "/admin/v1/users",
        "/v1/login/sms/x",
        "/%2e%2e/etc/passwd",
        "/docs/../../etc/passwd",
        "/docs/no-such-file.js",
        "/playground/no-such-file.js",
        "/%00",
    ] {
        let answer = service.get(path).send().await;
        answer.fails(404, "not_found");
    }
}

#[tokio::test]
async fn odd_methods_are_refused() {
    let service = Service::start().await;
    for method in ["TRACE", "OPTIONS", "PUT", "BREW", "CONNECT"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        if method == Method::CONNECT {
            continue;
        }
        let answer = service.call(method, "/v1/me").send().await;
        answer.fails(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("GET, PATCH, DELETE"));
    }
}

#[tokio::test]
async fn addresses_and_headers_are_bounded() {
    let service = Service::start().await;
    let long = format!("/v1/me?x={}", "a".repeat(2100));
    let answer = service.get(&long).send().await;
    answer.fails(414, "invalid_request");
    let mut call = service.get("/v1/me");
    for n in 0..65 {
        call = call.header(&format!("x-filler-{n}"), "x");
    }
    call.send().await.fails(431, "invalid_request");
    let mut call = service.get("/v1/me");
    for n in 0..5 {
        call = call.header(&format!("x-filler-{n}"), &"x".repeat(4000));
    }
    call.send().await.fails(431, "invalid_request");
    let mut call = service.get("/v1/me");
    for n in 0..40 {
        call = call.header(&format!("x-filler-{n}"), "x");
    }
    call.send().await.fails(401, "token_missing");
}

#[tokio::test]
async fn a_request_is_named_by_the_client_where_the_name_is_well_formed() {
    let service = Service::start().await;
    let good = "0123abcd-ABCD";
    let call = service.get("/v1/me").header("x-request-id", good);
    let failure = call.send().await.fails(401, "token_missing");
    assert_eq!(failure["request_id"], good);
    for bad in [
        "short",
        &"x".repeat(65),
        "has space1",
        "semi;colon",
        "quote\"quote",
        "é-é-é-é-é",
    ] {
        let call = service.get("/v1/me").header("x-request-id", bad);
        let failure = call.send().await.fails(401, "token_missing");
        assert_ne!(failure["request_id"], bad);
    }
}
