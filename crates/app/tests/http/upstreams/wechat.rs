//! WeChat that fails, hangs, refuses, or answers nonsense.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{DEADLINE, PHONE, at};
use crate::support::{Answer, Login, Service, client};

const CODE2SESSION: &str = "/sns/jscode2session";

/// One tap under a fault: the answer, in time, and no row written.
async fn tap_under(service: &Service, fault: Value) -> Answer {
    service.fault(at(CODE2SESSION, fault)).await;
    let code = service.login_code("alice").await;
    let before = service.rows().await;
    let begun = Instant::now();
    let answer = service.hand_in(&code, client()).await;
    assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
    if answer.status != 200 {
        assert_eq!(service.rows().await, before);
    }
    answer
}

const STABLE_TOKEN: &str = "/cgi-bin/stable_token";

const PHONE_NUMBER: &str = "/wxa/business/getuserphonenumber";

#[tokio::test]
async fn nonsense_from_wechat_is_wechat_being_unavailable() {
    for fault in [
        json!({ "body": "html" }),
        json!({ "body": "html", "http_status": 200 }),
        json!({ "body": "empty" }),
        json!({ "body": "empty_openid" }),
        json!({ "body": "missing_openid" }),
        json!({ "body": "truncated" }),
        json!({ "body": "array" }),
        json!({ "body": "huge" }),
        json!({ "http_status": 500 }),
        json!({ "http_status": 403 }),
        json!({ "errcode": 99999 }),
        json!({ "redirect": true }),
        json!({ "reset": "before" }),
        json!({ "reset": "after" }),
    ] {
        let service = Service::start().await;
        let answer = tap_under(&service, fault.clone()).await;
        assert_eq!(answer.code(), "wechat_unavailable", "{fault}");
        answer.fails(503, "wechat_unavailable");
        assert_eq!(
            service.calls(CODE2SESSION).await,
            1,
            "no second try: {fault}"
        );
        assert_eq!(service.calls("other").await, 0, "nothing is followed");
        service.heal().await;
        assert!(service.one_tap("alice").await.is_new(), "{fault}");
    }
}

#[tokio::test]
async fn oddities_of_wechat_that_do_no_harm_are_taken() {
    for fault in [
        json!({ "body": "errcode_as_string" }),
        json!({ "body": "extra_members" }),
        json!({ "body": "no_content_type" }),
        json!({ "body": "wrong_content_type" }),
        json!({ "body": "byte_order_mark" }),
    ] {
        let service = Service::start().await;
        let answer = tap_under(&service, fault.clone()).await;
        assert_eq!(answer.status, 200, "{fault}: {answer:?}");
    }
}

#[tokio::test]
async fn a_wechat_that_hangs_is_given_up_and_holds_up_nobody_else() {
    let service = Service::start().await;
    let login = service.one_tap("bob").await;
    service
        .fault(at(CODE2SESSION, json!({ "hang": true })))
        .await;
    let code = service.login_code("alice").await;
    let begun = Instant::now();
    let waiting = async {
        let answer = service.hand_in(&code, client()).await;
        (answer, begun.elapsed())
    };
    let meanwhile = async {
        let next = Login::of(&service.refresh(login.refresh()).await);
        service.me(next.access()).await.ok();
        service.sms_login(PHONE).await;
        begun.elapsed()
    };
    let ((answer, waited), others) = tokio::join!(waiting, meanwhile);
    answer.fails(503, "wechat_unavailable");
    assert!(waited < DEADLINE, "{waited:?}");
    assert!(others < waited, "{others:?} of {waited:?}");
    // The outcome is unknown: the code is not exchanged again.
    service.heal().await;
    let again = service.hand_in(&code, client()).await;
    again.fails(400, "wechat_code_invalid");
    assert_eq!(service.count("users").await, 2);
}

#[tokio::test]
async fn a_crowd_in_front_of_a_wechat_that_hangs_leaves_room_for_others() {
    let service = Service::start().await;
    let login = service.one_tap("bob").await;
    let hang = json!({ "hang": true });
    service.fault(at(CODE2SESSION, hang)).await;
    let codes = join_all((0..150).map(|_| service.login_code("alice"))).await;
    let crowd = join_all(codes.iter().map(|code| service.hand_in(code, client())));
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut token = login.refresh().to_owned();
        for _ in 0..5 {
            let next = Login::of(&service.refresh(&token).await);
            next.refresh().clone_into(&mut token);
            service.verify(next.access()).await.ok();
        }
    };
    let (answers, ()) = tokio::join!(crowd, meanwhile);
    for answer in answers {
        answer.fails(503, "wechat_unavailable");
    }
    assert!(service.calls(CODE2SESSION).await <= 65, "64 at a time");
    assert_eq!(service.count("users").await, 1);
}

#[tokio::test]
async fn a_wechat_that_is_busy_for_a_moment_is_asked_once_more() {
    let service = Service::start().await;
    let answer = tap_under(&service, json!({ "errcode": -1, "times": 1 })).await;
    answer.ok();
    assert_eq!(service.calls(CODE2SESSION).await, 2);
}

#[tokio::test]
async fn a_wechat_that_stays_busy_is_unavailable_and_the_code_stays_good() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    service
        .fault(at(CODE2SESSION, json!({ "errcode": -1 })))
        .await;
    let answer = service.hand_in(&code, client()).await;
    answer.fails(503, "wechat_unavailable");
    assert_eq!(service.calls(CODE2SESSION).await, 2);
    service.heal().await;
    service.hand_in(&code, client()).await.ok();
}

#[tokio::test]
async fn each_refusal_of_wechat_has_its_answer() {
    for (errcode, status, code) in [
        (40029, 400, "wechat_code_invalid"),
        (40163, 400, "wechat_code_invalid"),
        (40226, 403, "wechat_risk_blocked"),
        (45011, 429, "wechat_busy"),
        (40013, 502, "wechat_misconfigured"),
        (40125, 502, "wechat_misconfigured"),
    ] {
        let service = Service::start().await;
        let answer = tap_under(&service, json!({ "errcode": errcode })).await;
        answer.fails(status, code);
        assert!(!answer.text.contains("errmsg") && !answer.text.contains("rid:"));
        assert_eq!(service.calls(CODE2SESSION).await, 1, "{errcode}");
        // Neither refresh nor SMS is concerned.
        service.sms_login(PHONE).await;
    }
}

#[tokio::test]
async fn somebody_whom_wechat_blocks_is_told_to_use_another_way() {
    let service = Service::start().await;
    let blocked = json!({ "blocked": true });
    service.control(Method::POST, "people/carol", blocked).await;
    let code = service.login_code("carol").await;
    let answer = service.hand_in(&code, client()).await;
    answer.fails(403, "wechat_risk_blocked");
    service.one_tap("alice").await;
}

#[tokio::test]
async fn a_wrong_secret_is_ours_to_mend() {
    let apps = "[{ app_id = \"wx5f3a9c0d7e1b2a48\", app_secret = \"0123456789abcdef0123456789abcdef\", kind = \"mini_program\" }]";
    let service = Service::with(&[("wechat.apps", apps)]).await;
    let code = service.login_code("alice").await;
    let answer = service.hand_in(&code, client()).await;
    answer.fails(502, "wechat_misconfigured");
    let answer = service.press_button("alice").await;
    answer.fails(502, "wechat_misconfigured");
    assert!(!answer.text.contains("0123456789abcdef"));
    assert_eq!(service.count("users").await, 0);
}

#[tokio::test]
async fn a_wechat_that_fails_again_and_again_is_left_alone_for_a_while() {
    let service = Service::start().await;
    service
        .fault(at(CODE2SESSION, json!({ "http_status": 502 })))
        .await;
    for _ in 0..5 {
        let code = service.login_code("alice").await;
        let answer = service.hand_in(&code, client()).await;
        answer.fails(503, "wechat_unavailable");
    }
    let code = service.login_code("alice").await;
    for _ in 0..10 {
        let answer = service.hand_in(&code, client()).await;
        let body = answer.fails(503, "wechat_unavailable");
        // The wait is known; `Retry-After` says the same as the body.
        let wait = body["retry_after"].as_u64().expect("a wait");
        assert!((1..=10).contains(&wait), "{body}");
    }
    assert_eq!(service.calls(CODE2SESSION).await, 5);
    // Other calls of WeChat have a circuit of their own.
    let oauth = service.oauth_code("wx8c2d4e6f0a1b3c5d", "alice").await;
    let body = json!({ "code": oauth, "client": { "type": "app" } });
    service
        .post("/v1/login/wechat-oauth")
        .json(body)
        .send()
        .await
        .ok();
}

#[tokio::test]
async fn a_button_whose_answer_cannot_be_trusted_opens_nothing() {
    for (target, fault, status, code) in [
        (
            PHONE_NUMBER,
            json!({ "body": "foreign_watermark" }),
            400,
            "wechat_code_invalid",
        ),
        (
            PHONE_NUMBER,
            json!({ "body": "stale_watermark" }),
            400,
            "wechat_code_invalid",
        ),
        (
            PHONE_NUMBER,
            json!({ "body": "html" }),
            503,
            "wechat_unavailable",
        ),
        (
            PHONE_NUMBER,
            json!({ "body": "empty" }),
            503,
            "wechat_unavailable",
        ),
        (
            PHONE_NUMBER,
            json!({ "hang": true }),
            503,
            "wechat_unavailable",
        ),
        (
            PHONE_NUMBER,
            json!({ "errcode": 40029 }),
            400,
            "wechat_code_invalid",
        ),
        (
            PHONE_NUMBER,
            json!({ "errcode": 45011 }),
            429,
            "wechat_busy",
        ),
        (
            STABLE_TOKEN,
            json!({ "errcode": 40125 }),
            502,
            "wechat_misconfigured",
        ),
        (
            STABLE_TOKEN,
            json!({ "body": "empty" }),
            503,
            "wechat_unavailable",
        ),
        (
            STABLE_TOKEN,
            json!({ "hang": true }),
            503,
            "wechat_unavailable",
        ),
    ] {
        let service = Service::start().await;
        service.fault(at(target, fault.clone())).await;
        let begun = Instant::now();
        let answer = service.press_button("alice").await;
        assert!(begun.elapsed() < DEADLINE, "{fault}: {:?}", begun.elapsed());
        let said = (answer.status, answer.code());
        assert_eq!(said, (status, code.to_owned()), "{target} {fault}");
        assert_eq!(service.count("users").await, 0, "{target} {fault}");
        // Login by code needs none of it.
        service.one_tap("alice").await;
    }
}

#[tokio::test]
async fn a_country_code_may_be_a_number() {
    let service = Service::start().await;
    service
        .fault(at(
            PHONE_NUMBER,
            json!({ "body": "country_code_as_number" }),
        ))
        .await;
    let login = Login::of(&service.press_button("alice").await);
    assert_eq!(login.0["user"]["phone"], "+8613800138000");
}

#[tokio::test]
async fn what_wechat_answers_is_counted_for_the_operator() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    service.hand_in(&code, client()).await.ok();
    service
        .fault(at(CODE2SESSION, json!({ "errcode": 40125, "times": 1 })))
        .await;
    let code = service.login_code("alice").await;
    let answer = service.hand_in(&code, client()).await;
    answer.fails(502, "wechat_misconfigured");
    let metrics = service.get("/metrics").send().await.text;
    for outcome in ["ok", "misconfigured"] {
        let line = format!(
            "menshen_wechat_calls_total{{endpoint=\"code2session\",outcome=\"{outcome}\"}} 1"
        );
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
    assert!(metrics.contains("menshen_wechat_call_duration_seconds_count"));
    assert!(metrics.contains("menshen_wechat_circuit_open"));
}
