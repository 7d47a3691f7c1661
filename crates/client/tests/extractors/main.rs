//! Handlers behind the extractors, and a stand-in of Menshen over HTTP that counts.
//!
//! `scripts/backends` runs the same against the real server.

mod menshen;
mod service;

use std::time::Duration;

use menshen::{Menshen, claims};
use serde_json::json;
use service::Service;

#[actix_web::test]
async fn whoever_has_a_good_token_is_known() {
    let (menshen, service) = pair();
    let answer = service.get("/orders", &[menshen.token(&claims())]).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "user-1 session-1 web")
    );
}

#[actix_web::test]
async fn without_a_token_nothing_is_said_to_be_wrong_with_it() {
    let (_menshen, service) = pair();
    for path in ["/orders", "/payments"] {
        let answer = service.get(path, &[] as &[&str]).await;
        assert_eq!(
            answer.told(),
            (401, "Bearer", r#"{"code":"token_missing"}"#)
        );
    }
}

#[actix_web::test]
async fn a_token_that_is_wrong_in_one_thing_is_refused() {
    let (menshen, service) = pair();
    let good = menshen.token(&claims());
    let (rest, signature) = good.rsplit_once('.').expect("three parts");
    let mut wrong = vec![
        menshen.signed(&json!({"alg": "ES256", "typ": "JWT"}), &claims()),
        menshen.signed(
            &json!({"alg": "ES256", "typ": "at+jwt", "crit": ["exp"]}),
            &claims(),
        ),
        menshen.signed(&json!({"alg": "HS256", "typ": "at+jwt"}), &claims()),
        menshen.signed(&json!({"alg": "none", "typ": "at+jwt"}), &claims()),
        menshen.signed(
            &json!({"alg": "ES256", "typ": "at+jwt", "kid": "../key"}),
            &claims(),
        ),
        format!("{rest}.{}", signature.chars().rev().collect::<String>()),
        "nonsense".to_owned(),
        String::new(),
        "x".repeat(5000),
    ];
    for (name, value) in [
        ("iss", json!("somebody")),
        ("iss", json!(["menshen"])),
        ("aud", json!("menshen:onboarding")),
        ("aud", json!(["menshen"])),
        ("exp", json!(1_000_000_000)),
        ("exp", json!("never")),
        ("nbf", json!(4_000_000_000_u32)),
        ("sub", json!("")),
        ("sid", json!(7)),
    ] {
        let mut claims = claims();
        claims[name] = value;
        wrong.push(menshen.token(&claims));
    }
    for name in ["iss", "aud", "exp", "nbf", "sub", "sid"] {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove(name);
        wrong.push(menshen.token(&claims));
    }
    for token in &wrong {
        let answer = service.get("/orders", &[token]).await;
        let told = (
            401,
            r#"Bearer error="invalid_token""#,
            r#"{"code":"token_invalid"}"#,
        );
        assert_eq!(answer.told(), told, "{token}");
    }
    // The one that they were made of is good, and so is none of two.
    assert_eq!(service.get("/orders", &[&good]).await.status, 200);
    assert_eq!(service.get("/orders", &[&good, &good]).await.status, 401);
}

#[actix_web::test]
async fn many_at_once_cost_one_fetch_and_made_up_keys_none() {
    let (menshen, service) = pair();
    let good = menshen.token(&claims());
    let asks = (0..32).map(|_| service.get("/orders", std::slice::from_ref(&good)));
    for answer in futures_util::future::join_all(asks).await {
        assert_eq!(answer.status, 200);
    }
    assert_eq!(menshen.fetches(), 1);
    for n in 0..32 {
        let head = json!({"alg": "ES256", "typ": "at+jwt", "kid": format!("made-up-{n}")});
        let answer = service
            .get("/orders", &[menshen.signed(&head, &claims())])
            .await;
        assert_eq!(answer.status, 401);
    }
    assert_eq!(menshen.fetches(), 1);
}

#[actix_web::test]
async fn without_keys_nobody_can_tell_and_with_them_it_goes_on() {
    let (menshen, service) = pair();
    let good = menshen.token(&claims());
    // The right set, in more bytes than are read.
    let large = format!("{}{}", menshen.set(), " ".repeat(70_000));
    for broken in ["<html>", "{}", &large] {
        menshen.publish(Some(broken));
        let answer = service.get("/orders", std::slice::from_ref(&good)).await;
        assert_eq!(
            answer.told(),
            (503, "", r#"{"code":"unavailable"}"#),
            "{broken:.10}"
        );
        // A second is to pass before Menshen is asked again.
        let asked = menshen.fetches();
        assert_eq!(
            service
                .get("/orders", std::slice::from_ref(&good))
                .await
                .status,
            503
        );
        assert_eq!(menshen.fetches(), asked);
        service
            .until(Duration::from_secs(10), || menshen.fetches() > asked, &good)
            .await;
    }
    menshen.publish(None);
    service.until_accepted(Duration::from_secs(10), &good).await;
}

#[actix_web::test]
async fn menshen_is_asked_where_a_sign_out_must_be_seen_at_once() {
    let (menshen, service) = pair();
    let good = menshen.token(&claims());
    let ask = || service.get("/payments", std::slice::from_ref(&good));
    assert_eq!(ask().await.status, 200);
    for (status, body) in [
        (401, r#"{"code":"session_revoked","reason":"signed_out"}"#),
        (403, r#"{"code":"phone_required"}"#),
    ] {
        menshen.answer(status, body);
        let answer = ask().await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body));
        assert_eq!(answer.authenticate, r#"Bearer error="invalid_token""#);
    }
    for status in [204, 302, 404, 429, 500, 503] {
        menshen.answer(status, "");
        assert_eq!(
            ask().await.told(),
            (503, "", r#"{"code":"unavailable"}"#),
            "{status}"
        );
    }
    menshen.answer(401, &"x".repeat(20_000));
    assert_eq!(ask().await.status, 503);
    // The other route asks nobody.
    assert_eq!(
        service
            .get("/orders", std::slice::from_ref(&good))
            .await
            .status,
        200
    );
}

#[actix_web::test]
async fn an_application_that_names_no_menshen_lets_nobody_through() {
    let menshen = Menshen::start();
    let service = Service::without_menshen();
    let answer = service.get("/orders", &[menshen.token(&claims())]).await;
    assert_eq!(answer.told(), (500, "", r#"{"code":"internal"}"#));
}

fn pair() -> (Menshen, Service) {
    let menshen = Menshen::start();
    let service = Service::over(&menshen.url());
    (menshen, service)
}
