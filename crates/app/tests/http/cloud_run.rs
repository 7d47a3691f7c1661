//! WeChat cloud hosting: who is there is known from headers, and from nobody but
//! a trusted peer.

use serde_json::json;

use crate::support::{Call, Login, MINI_PROGRAM, Service, client};

const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
const OTHER: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJe";
const UNIONID: &str = "ocMvos6NjeKLIBqg5Mr9QjxrP1FA";

const TRUSTED: (&str, &str) = ("server.trusted_proxies", "[\"127.0.0.0/8\"]");
const HOSTED: (&str, &str) = ("wechat.gateway", "cloud_run");

/// The headers that cloud hosting writes.
fn headers(call: Call, openid: &str) -> Call {
    call.header("x-wx-openid", openid)
        .header("x-wx-appid", MINI_PROGRAM)
        .header("x-wx-unionid", UNIONID)
        .header("x-wx-source", "wx_client")
}

fn tap(service: &Service) -> Call {
    let body = json!({ "client": client() });
    service.post("/v1/login/wechat").json(body)
}

#[tokio::test]
async fn the_headers_of_a_trusted_peer_sign_in() {
    let service = Service::with(&[TRUSTED, HOSTED]).await;
    let login = Login::of(&headers(tap(&service), OPENID).send().await);
    assert!(login.is_new());
    let again = Login::of(&headers(tap(&service), OPENID).send().await);
    assert_eq!(again.user(), login.user());
    assert_ne!(again.session(), login.session());
    assert_eq!(service.calls("/sns/jscode2session").await, 0);
    let held = format!("identities WHERE subject = '{OPENID}'");
    assert_eq!(service.count(&held).await, 1);
    let held = format!("identities WHERE subject = '{UNIONID}'");
    assert_eq!(service.count(&held).await, 1);
}

/// Compared as bytes: two people.
#[tokio::test]
async fn openids_that_differ_in_case_are_two_people() {
    let service = Service::with(&[TRUSTED, HOSTED]).await;
    let body = || {
        service
            .post("/v1/login/wechat")
            .json(json!({ "client": client() }))
    };
    let plain = |openid| {
        body()
            .header("x-wx-openid", openid)
            .header("x-wx-appid", MINI_PROGRAM)
    };
    let [one, other] = [
        Login::of(&plain(OPENID).send().await),
        Login::of(&plain(OTHER).send().await),
    ];
    assert_ne!(one.user(), other.user());
}

/// Resource sharing: the plain set is the owner's, the other the visitor's.
#[tokio::test]
async fn the_set_of_a_shared_environment_replaces_the_plain_one() {
    let service = Service::with(&[TRUSTED, HOSTED]).await;
    let call = tap(&service)
        .header("x-wx-openid", OPENID)
        .header("x-wx-appid", "wx0000000000000000")
        .header("x-wx-unionid", UNIONID)
        .header("x-wx-from-openid", OTHER)
        .header("x-wx-from-appid", MINI_PROGRAM);
    Login::of(&call.send().await);
    let held = format!("identities WHERE subject = '{OTHER}'");
    assert_eq!(service.count(&held).await, 1);
    assert_eq!(service.count("identities").await, 1);
}

/// With the official gateway, or from anybody else: as if they were not there.
#[tokio::test]
async fn from_anybody_else_the_headers_change_nothing() {
    let stranger = ("server.trusted_proxies", "[\"10.0.0.0/8\"]");
    let official = ("wechat.gateway", "official");
    for settings in [
        &[TRUSTED, official][..],
        &[stranger, HOSTED],
        &[HOSTED],
        &[],
    ] {
        let service = Service::with(settings).await;
        let answer = headers(tap(&service), OPENID).send().await;
        answer.fails(400, "invalid_request");
        answer.blames("code", "required");
        let login = service.one_tap("alice").await;
        let link = service.post("/v1/me/wechat").bearer(login.access());
        let answer = headers(link.json(json!({})), OTHER).send().await;
        answer.blames("code", "required");
        let proof = service.post("/v1/me/step-up").bearer(login.access());
        let answer = headers(proof.json(json!({})), OPENID).send().await;
        answer.blames("code", "required");
        let code = service.login_code("bob").await;
        let body = json!({ "code": code, "client": client() });
        let call = service.post("/v1/login/wechat").json(body);
        Login::of(&headers(call, OPENID).send().await);
        let held = format!("identities WHERE subject IN ('{OPENID}', '{OTHER}', '{UNIONID}')");
        assert_eq!(service.count(&held).await, 0, "{settings:?}");
        // Not even nonsense in them is looked at.
        let odd = tap(&service).header("x-wx-openid", "?");
        odd.send().await.blames("code", "required");
    }
}

/// A client behind the trusted proxy cannot smuggle a second set in.
#[tokio::test]
async fn headers_that_make_no_sense_are_refused_and_audited() {
    let service = Service::with(&[TRUSTED, HOSTED]).await;
    let twice = headers(tap(&service), OPENID).header("x-wx-openid", OTHER);
    let calls = [
        tap(&service).header("x-wx-openid", "?"),
        tap(&service).header("x-wx-openid", OPENID),
        headers(tap(&service), "short"),
        headers(tap(&service), OPENID).header("x-wx-from-appid", MINI_PROGRAM),
        twice,
    ];
    for call in calls {
        let answer = call.send().await;
        answer.fails(400, "invalid_request");
        answer.blames("X-WX-OPENID", "invalid_value");
    }
    // One row a minute and source is enough.
    let told = "audit_events WHERE action = 'wechat.hosted_identity_refused'";
    assert_eq!(service.count(told).await, 1);
    assert_eq!(service.count("users").await, 0);
}

#[tokio::test]
async fn the_headers_name_a_mini_program_that_is_configured() {
    let service = Service::with(&[TRUSTED, HOSTED]).await;
    for app in ["wx0000000000000000", "wx8c2d4e6f0a1b3c5d"] {
        let call = tap(&service)
            .header("x-wx-openid", OPENID)
            .header("x-wx-appid", app);
        let answer = call.send().await;
        answer.fails(400, "invalid_request");
        answer.blames("app_id", "unknown_app");
    }
    let body = json!({ "client": client(), "app_id": "wx8c2d4e6f0a1b3c5d" });
    let call = service.post("/v1/login/wechat").json(body);
    let answer = headers(call, OPENID).send().await;
    answer.blames("app_id", "unknown_app");
}

#[tokio::test]
async fn linking_and_step_up_take_the_headers_too() {
    let service = Service::with(&[TRUSTED, HOSTED]).await;
    let login = service.sms_login("13900139000").await;
    let proof = || service.post("/v1/me/step-up").bearer(login.access());
    let unlinked = headers(proof().json(json!({})), OPENID).send().await;
    unlinked.fails(400, "wechat_code_invalid");
    let link = service.post("/v1/me/wechat").bearer(login.access());
    let linked = headers(link.json(json!({})), OPENID).send().await.ok();
    assert_eq!(
        linked["user"]["identities"].as_array().map(Vec::len),
        Some(1)
    );
    service.age_proofs().await;
    headers(proof().json(json!({})), OPENID).send().await.ok();
    let other = headers(proof().json(json!({})), OTHER).send().await;
    other.fails(400, "wechat_code_invalid");
    let body = json!({ "client": client() });
    let call = service.post("/v1/login/wechat").json(body);
    let tapped = Login::of(&headers(call, OPENID).send().await);
    assert_eq!(tapped.user(), login.user());
}

/// The body of such a login holds no secret: whoever guesses another person's
/// idempotency key and sends the same body is still nobody but themselves.
#[tokio::test]
async fn an_idempotency_key_answers_only_the_person_of_the_headers() {
    let service = Service::with(&[TRUSTED, HOSTED]).await;
    let plain = |openid| {
        let call = tap(&service).header("idempotency-key", "1");
        let call = call.header("x-wx-openid", openid);
        call.header("x-wx-appid", MINI_PROGRAM)
    };
    let victim = Login::of(&plain(OPENID).send().await);
    let again = Login::of(&plain(OPENID).send().await);
    assert_eq!(again.session(), victim.session());
    let thief = Login::of(&plain(OTHER).send().await);
    assert_ne!(thief.user(), victim.user());
    assert_ne!(thief.session(), victim.session());
}

/// With the phone button, and as a member of the SMS login.
#[tokio::test]
async fn the_headers_stand_for_the_login_code_of_other_logins() {
    let service = Service::with(&[TRUSTED, HOSTED]).await;
    let phone = "+8613900139000";
    service.ask(phone).await.ok();
    let body = json!({
        "phone": phone, "code": service.code_at(phone).await, "client": client(), "wechat": {},
    });
    let call = service.post("/v1/login/sms").json(body);
    let by_sms = Login::of(&headers(call, OPENID).send().await);
    let body = json!({
        "phone_code": service.phone_code("alice").await, "client": client(),
        "phone_if_missing": true,
    });
    let call = service.post("/v1/login/wechat-phone").json(body);
    let pressed = Login::of(&headers(call, OPENID).send().await);
    assert_eq!(pressed.user(), by_sms.user());
    let body = json!({ "phone_code": service.phone_code("alice").await, "client": client() });
    let call = service.post("/v1/login/wechat-phone").json(body);
    call.send().await.blames("login_code", "required");
}

/// A code that is given is exchanged as ever.
#[tokio::test]
async fn a_code_is_worth_what_it_always_was() {
    let service = Service::with(&[TRUSTED, HOSTED]).await;
    let login = service.one_tap("alice").await;
    assert!(login.is_new());
    assert_eq!(service.calls("/sns/jscode2session").await, 1);
}
