//! WeChat and the SMS vendor misbehaving: the contract's answer within the
//! deadline, and nothing half-done.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use menshen_outbound::mock::{MockServer, Reaction};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Login, Service, client};

const CODE2SESSION: &str = "/sns/jscode2session";
const PHONE_NUMBER: &str = "/wxa/business/getuserphonenumber";
const STABLE_TOKEN: &str = "/cgi-bin/stable_token";
const ALIYUN: &str = "sms/aliyun";
const PHONE: &str = "13900000001";
/// No answer takes longer than six seconds, whatever is broken; the rest is for a
/// machine that is busy with other tests.
const DEADLINE: Duration = Duration::from_secs(9);

/// A fault of one call.
fn at(target: &str, mut fault: Value) -> Value {
    fault["target"] = json!(target);
    fault
}

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

/// A refused send left nothing behind: no code, and no wait.
async fn nothing_was_sent(service: &Service) {
    let guess = service.try_code(PHONE, "123456").await;
    guess.fails(400, "sms_code_expired");
    service.heal().await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    service.try_code(PHONE, &code).await.ok();
}

#[tokio::test]
async fn a_send_that_every_vendor_refuses_leaves_no_code_and_costs_no_wait() {
    for (fault, status, code) in [
        (
            json!({ "errcode": "isv.AMOUNT_NOT_ENOUGH" }),
            502,
            "sms_misconfigured",
        ),
        (
            json!({ "errcode": "isv.SMS_SIGNATURE_ILLEGAL" }),
            502,
            "sms_misconfigured",
        ),
        (
            json!({ "errcode": "InvalidAccessKeyId.NotFound" }),
            502,
            "sms_misconfigured",
        ),
        (
            json!({ "errcode": "isv.MOBILE_NUMBER_ILLEGAL" }),
            422,
            "phone_unreachable",
        ),
        (
            json!({ "errcode": "isp.SYSTEM_ERROR" }),
            503,
            "sms_unavailable",
        ),
        (json!({ "http_status": 502 }), 503, "sms_unavailable"),
        (json!({ "http_status": 500 }), 503, "sms_unavailable"),
        (
            json!({ "errcode": "Throttling.User" }),
            503,
            "sms_unavailable",
        ),
    ] {
        let service = Service::start().await;
        service.fault(at(ALIYUN, fault.clone())).await;
        let begun = Instant::now();
        let answer = service.ask(PHONE).await;
        assert!(begun.elapsed() < DEADLINE);
        let said = (answer.status, answer.code());
        assert_eq!(said, (status, code.to_owned()), "{fault}: {answer:?}");
        assert!(service.inbox(PHONE).await.is_empty());
        nothing_was_sent(&service).await;
    }
}

#[tokio::test]
async fn a_limit_of_the_vendor_is_told_as_ours_would_be() {
    for (message, code, least) in [
        ("触发分钟级流控Permits:1", "sms_too_frequent", 1),
        ("触发小时级流控Permits:5", "sms_limit_reached", 61),
        ("触发天级流控Permits:10", "sms_limit_reached", 3601),
    ] {
        let service = Service::start().await;
        let fault = json!({ "errcode": "isv.BUSINESS_LIMIT_CONTROL", "message": message });
        service.fault(at(ALIYUN, fault)).await;
        let failure = service.ask(PHONE).await.fails(429, code);
        assert!(
            failure["retry_after"].as_u64().unwrap() >= least,
            "{failure}"
        );
        nothing_was_sent(&service).await;
    }
}

#[tokio::test]
async fn an_earlier_code_outlives_a_send_that_was_refused() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    for fault in [
        json!({ "errcode": "isv.AMOUNT_NOT_ENOUGH" }),
        json!({ "http_status": 500 }),
    ] {
        service.fault(at(ALIYUN, fault)).await;
        assert_ne!(service.ask(PHONE).await.status, 200);
    }
    service.try_code(PHONE, &code).await.ok();
}

#[tokio::test]
async fn a_message_whose_fate_is_unknown_counts_as_sent_and_its_code_works() {
    for fault in [json!({ "latency_ms": 8000 }), json!({ "reset": "after" })] {
        let service = Service::start().await;
        service.fault(at(ALIYUN, fault.clone())).await;
        let begun = Instant::now();
        service.ask(PHONE).await.ok();
        assert!(begun.elapsed() < DEADLINE, "{fault}: {:?}", begun.elapsed());
        assert_eq!(service.calls(ALIYUN).await, 1, "{fault}");
        service.ask(PHONE).await.fails(429, "sms_too_frequent");
        let code = service.code_at(PHONE).await;
        service.try_code(PHONE, &code).await.ok();
    }
}

#[tokio::test]
async fn a_vendor_that_hangs_is_given_up_in_time() {
    let service = Service::start().await;
    service.fault(at(ALIYUN, json!({ "hang": true }))).await;
    let begun = Instant::now();
    service.ask(PHONE).await.ok();
    assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
    assert_eq!(service.calls(ALIYUN).await, 1);
    let told = "audit_events WHERE action = 'code.send_unknown'";
    assert_eq!(service.count(told).await, 1);
}

#[tokio::test]
async fn a_vendor_that_cannot_be_reached_is_unavailable() {
    let settings = [
        ("sms.vendors", "[\"webhook\"]"),
        ("sms.webhook.url", "http://127.0.0.1:9/send"),
        ("sms.webhook.secret", SECRET),
    ];
    let service = Service::with(&settings).await;
    service.ask(PHONE).await.fails(503, "sms_unavailable");
    service.ask(PHONE).await.fails(503, "sms_unavailable");
    service
        .try_code(PHONE, "123456")
        .await
        .fails(400, "sms_code_expired");
}

/// `whsec_` and the base64 of 32 bytes.
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// A receiver of messages that answers with this status.
async fn receiver(status: u16) -> MockServer {
    MockServer::start(move |_, _| Reaction::status(status, "{}"))
        .await
        .expect("a receiver")
}

/// The signature of Standard Webhooks, computed from its specification.
fn signature(id: &str, timestamp: &str, body: &[u8]) -> String {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_"));
    let key = Key::new(HMAC_SHA256, &key.expect("base64"));
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    format!("v1,{}", STANDARD.encode(sign(&key, &signed)))
}

#[tokio::test]
async fn an_address_of_the_operators_own_sends_messages_too() {
    let receiver = receiver(204).await;
    let url = format!("{}/send", receiver.url());
    let settings = [
        ("sms.vendors", "[\"webhook\"]"),
        ("sms.webhook.url", url.as_str()),
        ("sms.webhook.secret", SECRET),
    ];
    let service = Service::with(&settings).await;
    service.ask(PHONE).await.ok();
    let seen = receiver.seen();
    assert_eq!(seen.len(), 1);
    let message = &seen[0];
    assert_eq!(
        (message.method.as_str(), message.target.as_str()),
        ("POST", "/send")
    );
    assert_eq!(message.header("content-type"), Some("application/json"));
    let (id, timestamp) = (
        message.header("webhook-id").expect("an id"),
        message.header("webhook-timestamp").expect("a time"),
    );
    let expected = signature(id, timestamp, &message.body);
    assert_eq!(message.header("webhook-signature"), Some(expected.as_str()));
    let body: Value = serde_json::from_slice(&message.body).expect("JSON");
    let code = body["code"].as_str().expect("a code").to_owned();
    let whole = json!({
        "phone": "+8613900000001", "code": code, "purpose": "login", "expires_in": 600,
    });
    assert_eq!(body, whole);
    service.try_code(PHONE, &code).await.ok();
}

#[tokio::test]
async fn the_next_vendor_sends_the_same_code_where_the_first_refuses() {
    let receiver = receiver(200).await;
    let url = receiver.url();
    let settings = [
        ("sms.vendors", "[\"aliyun\", \"webhook\"]"),
        ("sms.webhook.url", url.as_str()),
        ("sms.webhook.secret", SECRET),
    ];
    let service = Service::with(&settings).await;
    service
        .fault(at(ALIYUN, json!({ "errcode": "isv.OUT_OF_SERVICE" })))
        .await;
    service.ask(PHONE).await.ok();
    assert_eq!((service.calls(ALIYUN).await, receiver.seen().len()), (1, 1));
    let body: Value = serde_json::from_slice(&receiver.seen()[0].body).expect("JSON");
    let code = body["code"].as_str().expect("a code");
    service.try_code(PHONE, code).await.ok();
    // Whoever may have sent it is the last one asked, and a bad number is bad everywhere.
    for (phone, fault, status) in [
        ("13900000002", json!({ "reset": "after" }), 200),
        (
            "13900000003",
            json!({ "errcode": "isv.MOBILE_NUMBER_ILLEGAL" }),
            422,
        ),
    ] {
        let service = Service::with(&settings).await;
        let before = receiver.seen().len();
        service.fault(at(ALIYUN, fault)).await;
        assert_eq!(service.ask(phone).await.status, status);
        assert_eq!(receiver.seen().len(), before);
    }
}

#[tokio::test]
async fn a_database_that_is_gone_lets_nobody_in() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let code = service.login_code("bob").await;
    service.database.close().await.expect("closed");
    let answers = [
        service.me(login.access()).await,
        service.refresh(login.refresh()).await,
        service.ask(PHONE).await,
        service.hand_in(&code, client()).await,
    ];
    for answer in answers {
        answer.fails(503, "unavailable");
    }
    let ready = service.get("/readyz").send().await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.body()["dependencies"]["database"], "down");
    // Neither of these asks anybody.
    assert_eq!(service.get("/healthz").send().await.status, 200);
    assert_eq!(
        service.get("/.well-known/jwks.json").send().await.status,
        200
    );
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
