//! Codes by SMS, and the login with them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Login, Service, client, client_of, redacted};

const PHONE: &str = "13900000001";

/// A code that is certainly wrong.
fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

fn challenge(sent: &Answer) -> String {
    let id = sent.ok()["challenge_id"].as_str().map(ToOwned::to_owned);
    id.expect("a challenge")
}

async fn try_with(service: &Service, code: &str, challenge: &str) -> Answer {
    let body =
        json!({ "phone": PHONE, "code": code, "challenge_id": challenge, "client": client() });
    service.post("/v1/login/sms").json(body).send().await
}

async fn try_from(service: &Service, address: &str, body: &Value) -> Answer {
    let call = service.post("/v1/login/sms").json(body.clone());
    call.header("x-forwarded-for", address).send().await
}

async fn ask_from(service: &Service, address: &str, phone: &str) -> Answer {
    let body = json!({ "phone": phone, "purpose": "login", "client_type": "web" });
    let call = service.post("/v1/sms/codes").json(body);
    call.header("x-forwarded-for", address).send().await
}

#[tokio::test]
async fn a_code_comes_by_sms_and_signs_a_new_person_in() {
    let service = Service::start().await;
    let sent = service.ask(PHONE).await.ok();
    insta::assert_json_snapshot!(redacted(&sent), @r#"
    {
      "challenge_id": "[challenge_id]",
      "expires_in": 600,
      "phone_masked": "139****0001",
      "resend_after": 60
    }
    "#);
    let code = service.code_at(PHONE).await;
    assert_eq!(code.len(), 6);
    let login = service.try_code(PHONE, &code).await;
    insta::assert_json_snapshot!(redacted(&login.body()), @r#"
    {
      "code": "ok",
      "data": {
        "access_token": "[access_token]",
        "expires_in": 3600,
        "is_new_user": true,
        "phone_required": false,
        "refresh_expires_in": 2592000,
        "refresh_token": "[refresh_token]",
        "session_id": "[session_id]",
        "token_type": "Bearer",
        "user": {
          "avatar_url": null,
          "bio": null,
          "birthday": null,
          "created_at": "[created_at]",
          "id": "[id]",
          "identities": [],
          "last_login_at": "[last_login_at]",
          "nickname": "[nickname]",
          "phone": "+8613900000001",
          "phone_masked": "139****0001",
          "updated_at": "[updated_at]"
        }
      },
      "message": "登录成功"
    }
    "#);
    let nickname = login.ok()["user"]["nickname"].as_str().map(str::to_owned);
    assert!(nickname.is_some_and(|name| name.starts_with("用户")));
}

#[tokio::test]
async fn the_same_number_signs_into_the_same_account() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let first = service.sms_login(PHONE).await;
    service.forget_messages().await;
    service.ask("+86 139-0000-0001").await.ok();
    let code = service.code_at(PHONE).await;
    let second = Login::of(&service.try_code("8613900000001", &code).await);
    assert!(first.is_new() && !second.is_new());
    assert_eq!(first.user(), second.user());
    assert_ne!(first.session(), second.session());
}

#[tokio::test]
async fn a_code_works_once() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    service.try_code(PHONE, &code).await.ok();
    let again = service.try_code(PHONE, &code).await;
    again.fails(400, "sms_code_expired");
    assert_eq!(service.count("sessions").await, 1);
}

#[tokio::test]
async fn asking_again_sends_the_same_code_and_does_not_prolong_it() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let first = service.ask(PHONE).await;
    let code = service.code_at(PHONE).await;
    service.forget_messages().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let second = service.ask(PHONE).await;
    assert_eq!(service.code_at(PHONE).await, code);
    assert_ne!(challenge(&first), challenge(&second));
    let left = second.ok()["expires_in"].as_u64().unwrap();
    assert!((500..600).contains(&left), "{left}");
}

#[tokio::test]
async fn a_code_with_little_life_left_is_replaced_and_dies() {
    let limits = [("sms.resend_interval", "0s"), ("sms.code_ttl", "90s")];
    let service = Service::with(&limits).await;
    service.ask(PHONE).await.ok();
    let old = service.code_at(PHONE).await;
    service.forget_messages().await;
    service.ask(PHONE).await.ok();
    let new = service.code_at(PHONE).await;
    assert_ne!(old, new, "one time in a million they are alike");
    let late = service.try_code(PHONE, &old).await;
    late.fails(400, "sms_code_incorrect");
    service.try_code(PHONE, &new).await.ok();
}

#[tokio::test]
async fn an_expired_code_is_worth_nothing() {
    let service = Service::with(&[("sms.code_ttl", "1s")]).await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let late = service.try_code(PHONE, &code).await;
    late.fails(400, "sms_code_expired");
    assert_eq!(service.count("users").await, 0);
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

#[tokio::test]
async fn the_seconds_until_the_next_message_are_told() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    for number in ["13900000001", "+8613900000001", "008613900000001"] {
        let refused = service.ask(number).await.fails(429, "sms_too_frequent");
        let wait = refused["retry_after"].as_u64().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    assert_eq!(service.inbox(PHONE).await.len(), 1);
    // A refused ask leaves the code as it was.
    service.try_code(PHONE, &code).await.ok();
}

#[tokio::test]
async fn a_number_has_a_limit_however_it_is_written() {
    let limits = [("sms.resend_interval", "0s"), ("sms.per_phone_hour", "5")];
    let service = Service::with(&limits).await;
    let spellings = [
        "13900000001",
        "+8613900000001",
        "8613900000001",
        "008613900000001",
        "+86 139-0000-0001",
    ];
    for spelling in spellings {
        service.forget_messages().await;
        service.ask(spelling).await.ok();
    }
    service.forget_messages().await;
    let refused = service.ask(PHONE).await.fails(429, "sms_limit_reached");
    assert!(refused["retry_after"].as_u64().unwrap() > 60);
    assert!(service.inbox(PHONE).await.is_empty());
    service.ask("13900000002").await.ok();
}

#[tokio::test]
async fn a_number_has_a_limit_by_day() {
    let limits = [("sms.resend_interval", "0s"), ("sms.per_phone_day", "1")];
    let service = Service::with(&limits).await;
    service.ask(PHONE).await.ok();
    let refused = service.ask(PHONE).await.fails(429, "sms_limit_reached");
    assert!(refused["retry_after"].as_u64().unwrap() > 3600);
}

#[tokio::test]
async fn an_address_has_limits_and_a_forged_one_changes_nothing() {
    for key in ["sms.per_ip_hour", "sms.per_ip_day"] {
        let service = Service::with(&[(key, "2")]).await;
        ask_from(&service, "203.0.113.1", "13900000011").await.ok();
        ask_from(&service, "203.0.113.2", "13900000012").await.ok();
        ask_from(&service, "203.0.113.3", "13900000013")
            .await
            .fails(429, "sms_limit_reached");
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_address_has_its_own_limit() {
    let limits = [
        ("sms.per_ip_hour", "1"),
        ("server.trusted_proxies", "[\"127.0.0.0/8\"]"),
    ];
    let service = Service::with(&limits).await;
    ask_from(&service, "203.0.113.1", "13900000011").await.ok();
    ask_from(&service, "203.0.113.2", "13900000012").await.ok();
    // Only the right-most stranger counts; what stands before it is hearsay.
    ask_from(&service, "198.51.100.9, 203.0.113.2", "13900000013")
        .await
        .fails(429, "sms_limit_reached");
}

#[tokio::test]
async fn the_deployment_has_a_limit_that_leaves_wechat_alone() {
    let service = Service::with(&[("sms.deployment_day", "1")]).await;
    service.ask("13900000011").await.ok();
    let refused = service.ask("13900000012").await;
    refused.fails(429, "sms_limit_reached");
    service.one_tap("alice").await;
}

#[tokio::test]
async fn no_limit_is_no_limit() {
    let limits = [
        ("sms.resend_interval", "0s"),
        ("sms.per_phone_hour", "0"),
        ("sms.per_phone_day", "0"),
        ("sms.per_ip_hour", "0"),
        ("sms.per_ip_day", "0"),
        ("sms.per_network_hour", "0"),
        ("sms.per_prefix_hour", "0"),
        ("sms.deployment_minute", "0"),
        ("sms.deployment_day", "0"),
    ];
    let service = Service::with(&limits).await;
    for _ in 0..25 {
        service.forget_messages().await;
        service.ask(PHONE).await.ok();
    }
}

#[tokio::test]
async fn what_is_no_number_reaches_no_vendor() {
    let service = Service::start().await;
    let odd = [
        "",
        "1380013800",
        "138001380000",
        "12800138000",
        "１３８００１３８０００",
        "+86+8613800138000",
        "+86013800138000",
        "13800138000x1",
        "138\u{200b}00138000",
        "13800138000\0",
        "+8613800138000 00000000000000000000",
        "abc",
    ];
    for phone in odd {
        let answer = service.ask(phone).await;
        let failure = answer.fails(400, "invalid_phone");
        assert_eq!(failure["errors"][0]["field"], "phone", "{phone:?}");
    }
    assert_eq!(service.calls("sms/aliyun").await, 0);
}

#[tokio::test]
async fn numbers_from_elsewhere_are_refused_unless_their_region_is_allowed() {
    let service = Service::start().await;
    let refused = service.ask("+85291234567").await;
    refused.fails(403, "region_not_allowed");
    assert_eq!(service.calls("sms/aliyun").await, 0);
    let service = Service::with(&[("sms.regions", "[\"CN\", \"HK\"]")]).await;
    let login = service.sms_login("+85291234567").await;
    assert_eq!(login.0["user"]["phone"], "+85291234567");
}

#[tokio::test]
async fn the_answer_does_not_depend_on_whether_the_number_has_an_account() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    service.sms_login(PHONE).await;
    service.forget_messages().await;
    let known = service.ask(PHONE).await;
    let unknown = service.ask("13900000002").await;
    let shape = |answer: &Answer| {
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        let data = answer.ok();
        let members: Vec<String> = data.as_object().unwrap().keys().cloned().collect();
        (names, members)
    };
    assert_eq!(shape(&known), shape(&unknown));
    let wrong = service.try_code(PHONE, "000000").await;
    let other = service.try_code("13900000002", "000000").await;
    assert_eq!((wrong.status, wrong.code()), (other.status, other.code()));
}

#[tokio::test]
async fn a_step_up_code_goes_to_the_accounts_own_number() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let login = service.sms_login(PHONE).await;
    service.forget_messages().await;
    let ask = |body: Value| {
        service
            .post("/v1/sms/codes")
            .bearer(login.access())
            .json(body)
    };
    let body = json!({ "purpose": "step_up", "client_type": "mini_program" });
    let sent = ask(body).send().await.ok();
    assert_eq!(sent["phone_masked"], "139****0001");
    assert_eq!(service.inbox(PHONE).await.len(), 1);
    let body = json!({ "purpose": "step_up", "client_type": "mini_program", "phone": PHONE });
    let answer = ask(body).send().await;
    answer.fails(400, "invalid_request");
    answer.blames("phone", "invalid_value");
    let body = json!({ "purpose": "step_up", "client_type": "app" });
    let answer = ask(body).send().await;
    answer.fails(400, "invalid_request");
    answer.blames("client_type", "invalid_value");
}

#[tokio::test]
async fn who_has_no_number_cannot_step_up_by_sms() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let body = json!({ "purpose": "step_up", "client_type": "mini_program" });
    let call = service
        .post("/v1/sms/codes")
        .bearer(login.access())
        .json(body);
    call.send().await.fails(403, "phone_required");
}

#[tokio::test]
async fn purposes_of_the_signed_in_need_a_token() {
    let service = Service::start().await;
    for body in [
        json!({ "purpose": "bind_phone", "client_type": "web", "phone": PHONE }),
        json!({ "purpose": "step_up", "client_type": "web" }),
    ] {
        let answer = service.post("/v1/sms/codes").json(body).send().await;
        answer.fails(401, "token_missing");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(service.calls("sms/aliyun").await, 0);
}

#[tokio::test]
async fn a_test_number_has_a_fixed_code_and_gets_no_message() {
    let numbers = "[{ phone = \"13900000099\", code = \"246810\", until = \"2099-01-01\" }]";
    let settings = [("sms.test_numbers", numbers), ("sms.resend_interval", "0s")];
    let service = Service::with(&settings).await;
    let early = service.try_code("13900000099", "246810").await;
    early.fails(400, "sms_code_expired");
    for is_new in [true, false] {
        service.ask("13900000099").await.ok();
        let answer = service.try_code("13900000099", "246810").await;
        assert_eq!(Login::of(&answer).is_new(), is_new);
    }
    assert_eq!(service.calls("sms/aliyun").await, 0);
    let audited = "audit_events WHERE action = 'code.test_number_used'";
    assert_eq!(service.count(audited).await, 2);
    // Anybody else's code is still a secret.
    service.ask("13900000098").await.ok();
    let answer = service.try_code("13900000098", "246810").await;
    assert_ne!(answer.status, 200);
}

#[tokio::test]
async fn a_test_number_past_its_time_is_a_number_like_any_other() {
    let numbers = "[{ phone = \"13900000099\", code = \"246810\", until = \"2020-01-01\" }]";
    let service = Service::with(&[("sms.test_numbers", numbers)]).await;
    service.ask("13900000099").await.ok();
    assert_eq!(service.inbox("13900000099").await.len(), 1);
    let code = service.code_at("13900000099").await;
    if code != "246810" {
        let answer = service.try_code("13900000099", "246810").await;
        answer.fails(400, "sms_code_incorrect");
    }
    service.try_code("13900000099", &code).await.ok();
}

#[tokio::test]
async fn a_wechat_code_in_the_same_step_links_the_identity() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let body = json!({
        "phone": PHONE, "code": service.code_at(PHONE).await, "client": client(),
        "wechat": { "code": service.login_code("bob").await },
    });
    let login = Login::of(&service.post("/v1/login/sms").json(body).send().await);
    assert!(login.is_new());
    assert_eq!(
        login.0["user"]["identities"][0]["provider"],
        "wechat_mini_program"
    );
    let tap = service.one_tap("bob").await;
    assert_eq!((tap.user(), tap.is_new()), (login.user(), false));
}

#[tokio::test]
async fn a_wechat_code_that_is_no_good_does_not_cost_the_sms_code() {
    let service = Service::start().await;
    let id = challenge(&service.ask(PHONE).await);
    let code = service.code_at(PHONE).await;
    let body = json!({
        "phone": PHONE, "code": code, "challenge_id": id, "client": client(),
        "wechat": { "code": "0123456789abcdef0123456789abcdef" },
    });
    let answer = service.post("/v1/login/sms").json(body).send().await;
    answer.fails(400, "wechat_code_invalid");
    assert_eq!(service.count("users").await, 0);
    try_with(&service, &code, &id).await.ok();
}
