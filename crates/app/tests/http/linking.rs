//! Binding a number and linking WeChat while signed in, and what becomes of two
//! accounts of one person.

use serde_json::{Value, json};

use crate::support::{Answer, Login, Service, client_of};

const PHONE: &str = "13900000001";
const E164: &str = "+8613900000001";
const ALICE: &str = "+8613800138000";
const APP: &str = "wx8c2d4e6f0a1b3c5d";

async fn patient() -> Service {
    Service::with(&[("sms.resend_interval", "0s")]).await
}

/// The tokens of both sessions before a merge are worth nothing after it.
async fn is_merged(service: &Service, old: &Login) {
    for answer in [
        service.me(old.access()).await,
        service.verify(old.access()).await,
        service.refresh(old.refresh()).await,
    ] {
        assert_eq!(answer.fails(401, "session_revoked")["reason"], "merged");
    }
}

fn is_kept(bound: &Answer) -> Value {
    let data = bound.ok();
    assert_eq!(data["merged"], false, "{data}");
    assert_eq!(data.get("access_token"), None, "{data}");
    data["user"].clone()
}

#[tokio::test]
async fn a_first_number_is_bound_by_sms() {
    let service = patient().await;
    let login = service.one_tap("bob").await;
    let user = is_kept(&service.bind_by_sms(&login, PHONE).await);
    assert_eq!(user["id"], login.user());
    assert_eq!(user["phone"], E164);
    service.forget_messages().await;
    let texted = service.sms_login(PHONE).await;
    assert_eq!(texted.user(), login.user());
}

#[tokio::test]
async fn a_first_number_is_bound_by_the_button() {
    let service = patient().await;
    let login = service.one_tap("alice").await;
    let user = is_kept(&service.bind_by_button(&login, "alice").await);
    assert_eq!(user["phone"], ALICE);
    let again = is_kept(&service.bind_by_button(&login, "alice").await);
    assert_eq!(again["phone"], ALICE);
}

#[tokio::test]
async fn the_button_binds_only_the_number_of_the_person_who_pressed_it() {
    let service = patient().await;
    let bob = service.one_tap("bob").await;
    let before = service.rows().await;
    let stolen = service.bind_by_button(&bob, "alice").await;
    stolen.fails(400, "wechat_code_invalid");
    // An account without an openid of the application has nothing to send along.
    let texted = service.sms_login(PHONE).await;
    let calls = service.calls("/wxa/business/getuserphonenumber").await;
    let unknown = service.bind_by_button(&texted, "alice").await;
    unknown.fails(400, "wechat_code_invalid");
    let after = service.calls("/wxa/business/getuserphonenumber").await;
    assert_eq!(after, calls, "no call is paid for in vain");
    assert_eq!(service.rows().await["identities"], before["identities"]);
}

#[tokio::test]
async fn wechat_is_linked_to_an_account_that_came_by_phone() {
    let service = patient().await;
    let login = service.sms_login(PHONE).await;
    let user = is_kept(&service.link(&login, "bob").await);
    assert_eq!(user["identities"][0]["provider"], "wechat_mini_program");
    let again = is_kept(&service.link(&login, "bob").await);
    assert_eq!(again["identities"].as_array().map(Vec::len), Some(1));
    let tapped = service.one_tap("bob").await;
    assert_eq!(tapped.user(), login.user());
}

#[tokio::test]
async fn a_native_app_is_linked_by_its_app_id() {
    let service = patient().await;
    let login = service.sms_login(PHONE).await;
    let body = json!({ "code": service.oauth_code(APP, "bob").await, "app_id": APP });
    let call = service
        .post("/v1/me/wechat")
        .bearer(login.access())
        .json(body);
    let user = is_kept(&call.send().await);
    assert_eq!(user["identities"][0]["provider"], "wechat_app");
    // The unionid came along: the mini-program knows the same person.
    assert_eq!(service.one_tap("bob").await.user(), login.user());
}

#[tokio::test]
async fn binding_the_number_of_ones_other_account_makes_the_two_one() {
    for by_button in [false, true] {
        let service = patient().await;
        let texted = service.sms_login(ALICE).await;
        let tapped = service.one_tap("alice").await;
        assert_ne!(texted.user(), tapped.user());
        service.forget_messages().await;
        let bound = if by_button {
            service.bind_by_button(&tapped, "alice").await
        } else {
            service.bind_by_sms(&tapped, ALICE).await
        };
        let fresh = Login::of(&bound);
        assert_eq!(fresh.0["merged"], true);
        assert_eq!(
            fresh.user(),
            texted.user(),
            "the one with the phone survives"
        );
        is_merged(&service, &tapped).await;
        service.me(fresh.access()).await.ok();
        service.me(texted.access()).await.ok();
        Login::of(&service.refresh(fresh.refresh()).await);
        assert_eq!(service.one_tap("alice").await.user(), texted.user());
        assert_eq!(service.count("users WHERE status = 'active'").await, 1);
        assert_eq!(service.count("outbox WHERE kind = 'user.merged'").await, 1);
    }
}

#[tokio::test]
async fn linking_the_wechat_of_ones_other_account_makes_the_two_one() {
    let service = patient().await;
    let tapped = service.one_tap("bob").await;
    let texted = service.sms_login(PHONE).await;
    let fresh = Login::of(&service.link(&texted, "bob").await);
    assert_eq!(fresh.0["merged"], true);
    assert_eq!(fresh.user(), texted.user());
    is_merged(&service, &tapped).await;
    // The caller goes on with the fresh pair.
    service.me(fresh.access()).await.ok();
    let before = service.me(texted.access()).await;
    assert_eq!(before.fails(401, "session_revoked")["reason"], "replaced");
    assert_eq!(service.one_tap("bob").await.user(), texted.user());
}

#[tokio::test]
async fn the_survivor_takes_what_its_profile_lacks() {
    let service = patient().await;
    let tapped = service.one_tap("bob").await;
    let patch = json!({ "bio": "from WeChat", "birthday": "1990-01-02", "nickname": "Bob" });
    let call = service.patch("/v1/me").bearer(tapped.access()).json(patch);
    call.send().await.ok();
    let texted = service.sms_login(PHONE).await;
    let patch = json!({ "birthday": "1991-02-03" });
    let call = service.patch("/v1/me").bearer(texted.access()).json(patch);
    call.send().await.ok();
    let fresh = Login::of(&service.link(&texted, "bob").await);
    let user = &fresh.0["user"];
    assert_eq!(
        (&user["bio"], &user["birthday"]),
        (&json!("from WeChat"), &json!("1991-02-03"))
    );
    assert_eq!(user["nickname"], texted.0["user"]["nickname"]);
}

#[tokio::test]
async fn a_number_of_an_account_that_cannot_be_merged_is_taken() {
    let service = patient().await;
    service.sms_login(PHONE).await;
    let other = service.sms_login("13900000002").await;
    service.forget_messages().await;
    let before = service.rows().await;
    let answer = service.bind_by_sms(&other, PHONE).await;
    let error = answer.fails(409, "phone_taken");
    // Of the owner nothing: the members are the envelope's, and what is said is said to everybody.
    // (Not a search of the whole text: a random request id may hold any digits.)
    let members: Vec<_> = error.as_object().into_iter().flatten().collect();
    assert!(
        members
            .iter()
            .all(|(name, _)| ["code", "message", "request_id"].contains(&name.as_str())),
        "nothing of the owner: {answer:?}"
    );
    let message = error["message"].as_str().unwrap_or_default();
    assert!(
        !message.contains(|letter: char| letter.is_ascii_digit()),
        "{message}"
    );
    assert_eq!(service.rows().await, before);
    service.me(other.access()).await.ok();
}

#[tokio::test]
async fn two_openids_of_one_application_are_never_in_one_account() {
    let service = patient().await;
    let bob = service.one_tap("bob").await;
    is_kept(&service.bind_by_sms(&bob, PHONE).await);
    let carol = service.one_tap("carol").await;
    service.forget_messages().await;
    let before = service.rows().await;
    let answer = service.bind_by_sms(&carol, PHONE).await;
    answer.fails(409, "phone_taken");
    let answer = service.link(&bob, "carol").await;
    answer.fails(409, "identity_taken");
    // Nor where nobody holds the other one yet.
    service.person("dave", None).await;
    let answer = service.link(&bob, "dave").await;
    answer.fails(409, "identity_taken");
    assert_eq!(service.rows().await, before);
    for login in [&bob, &carol] {
        service.me(login.access()).await.ok();
    }
}

#[tokio::test]
async fn without_merging_both_accounts_stay() {
    let settings = [("accounts.merge", "reject"), ("sms.resend_interval", "0s")];
    let service = Service::with(&settings).await;
    let tapped = service.one_tap("bob").await;
    let texted = service.sms_login(PHONE).await;
    service.forget_messages().await;
    let answer = service.bind_by_sms(&tapped, PHONE).await;
    answer.fails(409, "phone_taken");
    let answer = service.link(&texted, "bob").await;
    answer.fails(409, "identity_taken");
    for login in [&tapped, &texted] {
        service.me(login.access()).await.ok();
    }
}

#[tokio::test]
async fn another_number_needs_a_recent_proof_and_then_ends_other_sessions() {
    let service = patient().await;
    let other_device = service.sms_login(PHONE).await;
    service.forget_messages().await;
    let login = service.sms_login(PHONE).await;
    service.forget_messages().await;
    let user = is_kept(&service.bind_by_sms(&login, "13900000002").await);
    assert_eq!(user["phone"], "+8613900000002");
    service.me(login.access()).await.ok();
    let ended = service.me(other_device.access()).await;
    assert_eq!(
        ended.fails(401, "session_revoked")["reason"],
        "phone_changed"
    );
    let ended = service.refresh(other_device.refresh()).await;
    assert_eq!(
        ended.fails(401, "session_revoked")["reason"],
        "phone_changed"
    );
    // The old number is free.
    service.forget_messages().await;
    assert!(service.sms_login(PHONE).await.is_new());
}

#[tokio::test]
async fn an_old_session_must_step_up_before_the_number_is_changed() {
    let service = patient().await;
    let login = service.sms_login(PHONE).await;
    is_kept(&service.link(&login, "alice").await);
    service.age_proofs().await;
    // A refresh is no proof of who is there.
    let login = Login::of(&service.refresh(login.refresh()).await);
    service.forget_messages().await;
    let before = service.rows().await;
    for by_button in [false, true] {
        let answer = if by_button {
            service.bind_by_button(&login, "alice").await
        } else {
            service.bind_by_sms(&login, "13900000002").await
        };
        let failure = answer.fails(403, "step_up_required");
        assert_eq!(failure["methods"], json!(["sms", "wechat"]));
    }
    assert_eq!(service.rows().await, before);
    let me = service.me(login.access()).await.ok();
    assert_eq!(me["phone"], E164);
}

#[tokio::test]
async fn a_recent_login_by_sms_alone_can_only_step_up_by_sms() {
    let service = patient().await;
    let login = service.sms_login(PHONE).await;
    service.age_proofs().await;
    service.forget_messages().await;
    let answer = service.bind_by_sms(&login, "13900000002").await;
    let failure = answer.fails(403, "step_up_required");
    assert_eq!(failure["methods"], json!(["sms"]));
}

#[tokio::test]
async fn a_step_up_by_sms_opens_the_way_and_keeps_the_code_for_the_new_number() {
    let service = patient().await;
    let login = service.sms_login(PHONE).await;
    service.age_proofs().await;
    service.forget_messages().await;
    let refused = service.bind_by_sms(&login, "13900000002").await;
    refused.fails(403, "step_up_required");
    let code = service.code_at("13900000002").await;
    step_up(&service, &login, PHONE).await.ok();
    let body = json!({ "phone": "13900000002", "code": code });
    let call = service
        .post("/v1/me/phone")
        .bearer(login.access())
        .json(body);
    let user = is_kept(&call.send().await);
    assert_eq!(user["phone"], "+8613900000002");
}

async fn step_up(service: &Service, login: &Login, own: &str) -> Answer {
    service.forget_messages().await;
    let ask = json!({ "purpose": "step_up", "client_type": "mini_program" });
    let asked = service
        .post("/v1/sms/codes")
        .bearer(login.access())
        .json(ask);
    asked.send().await.ok();
    let body = json!({ "code": service.code_at(own).await });
    let call = service.post("/v1/me/step-up").bearer(login.access());
    call.json(body).send().await
}

#[tokio::test]
async fn a_step_up_by_wechat_takes_a_linked_identity_and_no_other() {
    let service = patient().await;
    let login = service.sms_login(PHONE).await;
    is_kept(&service.link(&login, "alice").await);
    service.age_proofs().await;
    let prove = |body: Value| {
        let call = service.post("/v1/me/step-up").bearer(login.access());
        call.json(body).send()
    };
    let strange = json!({ "wechat_code": service.login_code("bob").await });
    let answer = prove(strange).await;
    assert_ne!(answer.status, 200, "{answer:?}");
    let mine = json!({ "wechat_code": service.login_code("alice").await });
    prove(mine).await.ok();
    service.forget_messages().await;
    let user = is_kept(&service.bind_by_sms(&login, "13900000002").await);
    assert_eq!(user["phone"], "+8613900000002");
}

#[tokio::test]
async fn who_owes_a_number_gets_a_fresh_pair_once_it_is_bound() {
    let settings = [
        ("accounts.require_phone", "always"),
        ("sms.resend_interval", "0s"),
    ];
    let service = Service::with(&settings).await;
    let login = service.one_tap("bob").await;
    assert_eq!(login.0["phone_required"], true);
    service
        .verify(login.access())
        .await
        .fails(403, "phone_required");
    service.me(login.access()).await.ok();
    let list = service.get("/v1/me/sessions").bearer(login.access());
    list.send().await.ok();
    // A refresh computes the scope anew, and it is still the small one.
    let login = Login::of(&service.refresh(login.refresh()).await);
    service
        .verify(login.access())
        .await
        .fails(403, "phone_required");
    let fresh = Login::of(&service.bind_by_sms(&login, PHONE).await);
    assert_eq!(
        (&fresh.0["merged"], &fresh.0["phone_required"]),
        (&json!(false), &json!(false))
    );
    let verified = service.verify(fresh.access()).await;
    verified.ok();
    assert_eq!(verified.header("x-user-id"), Some(login.user()));
    let old = service.me(login.access()).await;
    assert_eq!(old.fails(401, "session_revoked")["reason"], "replaced");
    Login::of(&service.refresh(fresh.refresh()).await);
}

#[tokio::test]
async fn a_prompt_for_a_number_limits_nothing() {
    let service = Service::with(&[("accounts.require_phone", "prompt")]).await;
    let login = service.one_tap("bob").await;
    assert_eq!(login.0["phone_required"], true);
    service.verify(login.access()).await.ok();
    let user = is_kept(&service.bind_by_sms(&login, PHONE).await);
    assert_eq!(user["phone"], E164);
    let tapped = service.one_tap("bob").await;
    assert_eq!(tapped.0["phone_required"], false);
}

#[tokio::test]
async fn a_binding_takes_one_proof_and_all_of_it() {
    let service = patient().await;
    let login = service.one_tap("bob").await;
    let odd = [
        (json!({}), "phone"),
        (json!({ "phone": PHONE }), "code"),
        (json!({ "code": "123456" }), "phone"),
        (
            json!({ "phone": PHONE, "code": "123456", "phone_code": "x" }),
            "phone_code",
        ),
        (json!({ "phone_code": "" }), "phone_code"),
    ];
    for (body, field) in odd {
        let call = service.post("/v1/me/phone").bearer(login.access());
        let answer = call.json(body).send().await;
        let failure = answer.fails(400, "invalid_request");
        assert_eq!(failure["errors"][0]["field"], field, "{failure}");
    }
}

#[tokio::test]
async fn a_client_of_another_kind_names_the_application_to_link() {
    let service = patient().await;
    let login = service.sms_login_with(PHONE, client_of("web")).await;
    // Without a name it is the website, whose codes these are not.
    let code = service.login_code("bob").await;
    let call = service.post("/v1/me/wechat").bearer(login.access());
    let answer = call.json(json!({ "code": code })).send().await;
    answer.fails(400, "wechat_code_invalid");
    let call = service.post("/v1/me/wechat").bearer(login.access());
    let named = json!({ "code": code, "app_id": "wx5f3a9c0d7e1b2a48" });
    let user = is_kept(&call.json(named).send().await);
    assert_eq!(user["identities"][0]["provider"], "wechat_mini_program");
}
