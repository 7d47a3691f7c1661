//! Wrong tries, and whose they are.

use serde_json::{Value, json};

use super::{PHONE, challenge, try_with};
use crate::support::{Answer, Service, client, client_of};

async fn try_from(service: &Service, address: &str, body: &Value) -> Answer {
    let call = service.post("/v1/login/sms").json(body.clone());
    call.header("x-forwarded-for", address).send().await
}

/// A code that is certainly wrong.
fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn each_challenge_has_five_tries_of_its_own() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let first = challenge(&service.ask(PHONE).await);
    service.forget_messages().await;
    let second = challenge(&service.ask(PHONE).await);
    let code = service.code_at(PHONE).await;
    for left in [4, 3, 2, 1, 0] {
        let answer = try_with(&service, other_than(&code), &first).await;
        let failure = answer.fails(400, "sms_code_incorrect");
        assert_eq!(failure["attempts_left"], left);
    }
    let locked = try_with(&service, &code, &first).await;
    locked.fails(429, "sms_code_locked");
    assert_eq!(service.count("users").await, 0);
    try_with(&service, &code, &second).await.ok();
}

#[tokio::test]
async fn tries_without_a_challenge_share_five_and_cannot_burn_those_with_one() {
    let service = Service::start().await;
    let mine = challenge(&service.ask(PHONE).await);
    let code = service.code_at(PHONE).await;
    for left in [4, 3, 2, 1, 0] {
        let wrong = service.try_code(PHONE, other_than(&code)).await;
        let failure = wrong.fails(400, "sms_code_incorrect");
        assert_eq!(failure["attempts_left"], left);
    }
    let locked = service.try_code(PHONE, &code).await;
    locked.fails(429, "sms_code_locked");
    try_with(&service, &code, &mine).await.ok();
}

#[tokio::test]
async fn a_code_dies_after_fifteen_wrong_tries_and_the_next_ask_makes_a_new_one() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let mut challenges = Vec::new();
    for _ in 0..4 {
        service.forget_messages().await;
        challenges.push(challenge(&service.ask(PHONE).await));
    }
    let code = service.code_at(PHONE).await;
    for challenge in &challenges[..3] {
        for _ in 0..5 {
            let wrong = try_with(&service, other_than(&code), challenge).await;
            wrong.fails(400, "sms_code_incorrect");
        }
    }
    let dead = try_with(&service, &code, &challenges[3]).await;
    assert_ne!(dead.status, 200, "{dead:?}");
    service.forget_messages().await;
    service.ask(PHONE).await.ok();
    let fresh = service.code_at(PHONE).await;
    assert_ne!(fresh, code, "one time in a million they are alike");
    service.try_code(PHONE, &fresh).await.ok();
}

#[tokio::test]
async fn a_code_serves_its_client_type_only() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    let body = json!({ "phone": PHONE, "code": code, "client": client_of("app") });
    let elsewhere = service.post("/v1/login/sms").json(body).send().await;
    elsewhere.fails(400, "sms_code_expired");
    service.try_code(PHONE, &code).await.ok();
}

#[tokio::test]
async fn a_code_serves_its_purpose_and_its_user_only() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let (mine, theirs) = (service.one_tap("bob").await, service.one_tap("carol").await);
    let ask = json!({ "phone": PHONE, "purpose": "bind_phone", "client_type": "mini_program" });
    let asked = service
        .post("/v1/sms/codes")
        .bearer(mine.access())
        .json(ask);
    asked.send().await.ok();
    let code = service.code_at(PHONE).await;
    let login = service.try_code(PHONE, &code).await;
    login.fails(400, "sms_code_expired");
    let body = json!({ "phone": PHONE, "code": code });
    let bind = service.post("/v1/me/phone").bearer(theirs.access());
    let stolen = bind.json(body.clone()).send().await;
    stolen.fails(400, "sms_code_expired");
    service.forget_messages().await;
    service.ask(PHONE).await.ok();
    let login_code = service.code_at(PHONE).await;
    let bind = service.post("/v1/me/phone").bearer(mine.access());
    let wrong_purpose = json!({ "phone": PHONE, "code": login_code });
    let answer = bind.json(wrong_purpose).send().await;
    answer.fails(400, "sms_code_incorrect");
    let bind = service.post("/v1/me/phone").bearer(mine.access());
    let bound = bind.json(body).send().await.ok();
    assert_eq!(bound["user"]["phone"], "+8613900000001");
}

#[tokio::test]
async fn only_six_digits_are_compared_and_the_rest_costs_no_try() {
    let service = Service::with(&[("sms.failures_per_ip", "0")]).await;
    let id = challenge(&service.ask(PHONE).await);
    let code = service.code_at(PHONE).await;
    let odd = [
        json!("12345"),
        json!("1234567"),
        json!("１２３４５６"),
        json!(" 12345"),
        json!("+12345"),
        json!("12345a"),
        json!(""),
        json!(123_456),
        json!(["123456"]),
        json!({ "code": "123456" }),
        json!(null),
    ];
    for value in odd {
        let body = json!({ "phone": PHONE, "code": value, "challenge_id": id, "client": client() });
        let answer = service.post("/v1/login/sms").json(body).send().await;
        let failure = answer.fails(400, "invalid_request");
        assert_eq!(failure["errors"][0]["field"], "code", "{failure}");
    }
    let wrong = try_with(&service, other_than(&code), &id).await;
    let failure = wrong.fails(400, "sms_code_incorrect");
    assert_eq!(failure["attempts_left"], 4);
    try_with(&service, &code, &id).await.ok();
}

#[tokio::test]
async fn wrong_and_malformed_tries_count_against_their_source() {
    let limits = [
        ("sms.failures_per_ip", "3"),
        ("server.trusted_proxies", "[\"127.0.0.1\"]"),
    ];
    let service = Service::with(&limits).await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    let wrong = json!({ "phone": PHONE, "code": other_than(&code), "client": client() });
    let malformed = json!({ "phone": PHONE, "code": "12a456", "client": client() });
    let right = json!({ "phone": PHONE, "code": code, "client": client() });
    let thief = "2001:db8:1:2::1";
    try_from(&service, thief, &wrong)
        .await
        .fails(400, "sms_code_incorrect");
    try_from(&service, thief, &malformed)
        .await
        .fails(400, "invalid_request");
    try_from(&service, thief, &wrong)
        .await
        .fails(400, "sms_code_incorrect");
    // The same network, whatever the rest of the address.
    let neighbour = "2001:db8:1:2:ffff::9";
    for body in [&wrong, &malformed, &right] {
        try_from(&service, neighbour, body)
            .await
            .fails(429, "rate_limited");
    }
    try_from(&service, "2001:db8:1:3::1", &right).await.ok();
}

#[tokio::test]
async fn wrong_tries_without_a_challenge_lock_the_number_for_such_tries() {
    let limits = [
        ("sms.failures_per_phone_day", "2"),
        ("sms.resend_interval", "0s"),
    ];
    let service = Service::with(&limits).await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    for _ in 0..2 {
        let wrong = service.try_code(PHONE, other_than(&code)).await;
        wrong.fails(400, "sms_code_incorrect");
    }
    let locked = service.try_code(PHONE, &code).await;
    locked.fails(429, "sms_code_locked");
    // A new code resets nothing, and a challenge of one's own goes on.
    service.forget_messages().await;
    let mine = challenge(&service.ask(PHONE).await);
    let code = service.code_at(PHONE).await;
    let locked = service.try_code(PHONE, &code).await;
    locked.fails(429, "sms_code_locked");
    try_with(&service, &code, &mine).await.ok();
}
