//! Taking a way in away.

use serde_json::{Value, json};

use crate::support::{Answer, Login, Service, device};

const PHONE: &str = "+8613900000001";
const APP: &str = "wx8c2d4e6f0a1b3c5d";

async fn identities(service: &Service, login: &Login) -> Vec<Value> {
    let me = service.me(login.access()).await.ok();
    me["identities"].as_array().expect("identities").clone()
}

async fn unlink(service: &Service, login: &Login, id: &str) -> Answer {
    let path = format!("/v1/me/identities/{id}");
    service.delete(&path).bearer(login.access()).send().await
}

/// Links the WeChat of somebody in the native app.
async fn link_app(service: &Service, login: &Login, person: &str) {
    let body = json!({ "code": service.oauth_code(APP, person).await, "app_id": APP });
    let call = service.post("/v1/me/wechat").bearer(login.access());
    call.json(body).send().await.ok();
}

fn id(identity: &Value) -> String {
    identity["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn an_unlinked_identity_leads_nowhere_and_others_are_signed_out() {
    let service = Service::start().await;
    let texted = service.sms_login_with(PHONE, device("a")).await;
    service.link(&texted, "bob").await.ok();
    let tapped = service.one_tap_with("bob", device("b")).await;
    assert_eq!(tapped.user(), texted.user());
    let held = identities(&service, &texted).await;
    let answer = unlink(&service, &texted, &id(&held[0])).await;
    let user = answer.ok()["user"].clone();
    assert_eq!(user["identities"], json!([]));
    assert_eq!(user["phone"], PHONE);
    service.me(texted.access()).await.ok();
    for over in [
        service.me(tapped.access()).await,
        service.verify(tapped.access()).await,
        service.refresh(tapped.refresh()).await,
    ] {
        assert_eq!(over.fails(401, "session_revoked")["reason"], "signed_out");
    }
    assert_eq!(service.count("identities").await, 0, "nor a unionid");
    let told = "outbox WHERE kind = 'user.identity_unlinked'";
    assert_eq!(service.count(told).await, 1);
    let row = "audit_events WHERE action = 'account.unlinked' AND method = 'unlink' \
               AND address IS NOT NULL AND request_id IS NOT NULL";
    assert_eq!(service.count(row).await, 2, "the openid and the unionid");
    assert!(service.one_tap("bob").await.is_new());
    unlink(&service, &texted, &id(&held[0]))
        .await
        .fails(404, "not_found");
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let service = Service::start().await;
    let login = service.one_tap("bob").await;
    let held = identities(&service, &login).await;
    let refused = unlink(&service, &login, &id(&held[0])).await;
    refused.fails(409, "last_identity");
    link_app(&service, &login, "bob").await;
    unlink(&service, &login, &id(&held[0])).await.ok();
    let left = identities(&service, &login).await;
    assert_eq!(left[0]["provider"], "wechat_app");
    let refused = unlink(&service, &login, &id(&left[0])).await;
    refused.fails(409, "last_identity");
}

/// The other application of the platform keeps the unionid: the person is still
/// the same one.
#[tokio::test]
async fn the_unionid_stays_while_another_identity_of_its_platform_does() {
    let service = Service::start().await;
    let login = service.one_tap("bob").await;
    link_app(&service, &login, "bob").await;
    let held = identities(&service, &login).await;
    unlink(&service, &login, &id(&held[0])).await.ok();
    let rows = "identities WHERE provider = 'wechat_platform'";
    assert_eq!(service.count(rows).await, 1);
    let again = service.one_tap("bob").await;
    assert_eq!(again.user(), login.user());
}

#[tokio::test]
async fn two_at_once_leave_one_of_the_last_two() {
    let service = Service::start().await;
    for round in 0..5 {
        let person = format!("person {round}");
        service.person(&person, None).await;
        let login = service.one_tap(&person).await;
        link_app(&service, &login, &person).await;
        let held = identities(&service, &login).await;
        let (a, b) = (id(&held[0]), id(&held[1]));
        let (a, b) = tokio::join!(unlink(&service, &login, &a), unlink(&service, &login, &b));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", a.text, b.text);
        assert_eq!(identities(&service, &login).await.len(), 1);
    }
}

#[tokio::test]
async fn nothing_goes_without_a_recent_proof_or_by_a_strangers_hand() {
    let service = Service::start().await;
    let texted = service.sms_login(PHONE).await;
    service.link(&texted, "bob").await.ok();
    let held = id(&identities(&service, &texted).await[0]);
    let stranger = service.one_tap("carol").await;
    unlink(&service, &stranger, &held)
        .await
        .fails(404, "not_found");
    for nobodys in ["0198c0de-7c1a-7000-8000-4f2a9b1c3d5e", "x", "%00"] {
        let answer = unlink(&service, &texted, nobodys).await;
        answer.fails(404, "not_found");
    }
    service.age_proofs().await;
    let body = unlink(&service, &texted, &held).await;
    let body = body.fails(403, "step_up_required");
    assert_eq!(body["methods"], json!(["sms", "wechat"]));
    let path = format!("/v1/me/identities/{held}");
    service
        .delete(&path)
        .send()
        .await
        .fails(401, "token_missing");
    let code = service.login_code("bob").await;
    let step_up = service.post("/v1/me/step-up").bearer(texted.access());
    step_up
        .json(json!({ "wechat_code": code }))
        .send()
        .await
        .ok();
    unlink(&service, &texted, &held).await.ok();
}
