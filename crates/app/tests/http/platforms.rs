//! Several applications of all kinds under several Open Platform accounts: a
//! unionid joins within its platform, whichever way and whenever it appears, and
//! a conflict is an answer.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Login, MINI_PROGRAM, Service, client, client_of};

const APP: &str = "wx8c2d4e6f0a1b3c5d";
const OTHER_PROGRAM: &str = "wx00000000000000b1";
const OTHER_SITE: &str = "wx00000000000000b2";

/// Two applications on the platform `one`, two on `two`.
async fn two_platforms() -> Service {
    let app = |id: &str, secret: u8, kind: &str, platform: &str| {
        format!(
            "{{ app_id = \"{id}\", app_secret = \"fa4e00000000000000000000000000{secret:02}\", kind = \"{kind}\", platform = \"{platform}\" }}"
        )
    };
    let apps = [
        app(MINI_PROGRAM, 1, "mini_program", "one"),
        app(APP, 2, "app", "one"),
        app(OTHER_PROGRAM, 21, "mini_program", "two"),
        app(OTHER_SITE, 22, "website", "two"),
    ];
    let apps = format!("[{}]", apps.join(", "));
    Service::with(&[("wechat.apps", &apps)]).await
}

async fn tap(service: &Service, app_id: &str, person: &str) -> Login {
    let body = json!({ "person": person, "app_id": app_id });
    let code = service.control(Method::POST, "wechat/login", body).await;
    let body = json!({ "code": code["code"], "app_id": app_id, "client": client() });
    Login::of(&service.post("/v1/login/wechat").json(body).send().await)
}

async fn consent(service: &Service, app_id: &str, client_type: &str, person: &str) -> Login {
    let code = service.oauth_code(app_id, person).await;
    let body = json!({ "code": code, "app_id": app_id, "client": client_of(client_type) });
    let call = service.post("/v1/login/wechat-oauth").json(body);
    Login::of(&call.send().await)
}

/// Binds an application to a platform, or to none: WeChat gives its unionids, or
/// leaves them out.
async fn bound(service: &Service, app_id: &str, platform: Option<&str>) {
    let body = json!({ "platform": platform });
    let path = format!("apps/{app_id}");
    service.control(Method::POST, &path, body).await;
}

fn identities(login: &Login) -> usize {
    let identities = login.0["user"]["identities"].as_array();
    identities.map_or(0, Vec::len)
}

#[tokio::test]
async fn a_unionid_joins_within_its_platform_only() {
    let service = two_platforms().await;
    let first = tap(&service, MINI_PROGRAM, "alice").await;
    let in_app = consent(&service, APP, "app", "alice").await;
    assert_eq!(in_app.user(), first.user());
    let other = tap(&service, OTHER_PROGRAM, "alice").await;
    assert!(other.is_new());
    assert_ne!(other.user(), first.user());
    let on_site = consent(&service, OTHER_SITE, "web", "alice").await;
    assert_eq!(on_site.user(), other.user());
    assert_eq!(identities(&in_app), 2);
    assert_eq!(identities(&on_site), 2);
    assert_eq!(service.count("users").await, 2);
}

/// One number brings the two together; each platform keeps its own unionid.
#[tokio::test]
async fn one_account_holds_a_unionid_of_each_platform() {
    let service = two_platforms().await;
    let first = tap(&service, MINI_PROGRAM, "alice").await;
    let body = json!({ "person": "alice", "app_id": OTHER_PROGRAM });
    let code = service.control(Method::POST, "wechat/login", body).await;
    let body = json!({ "code": code["code"], "app_id": OTHER_PROGRAM });
    let link = service.post("/v1/me/wechat").bearer(first.access());
    link.json(body).send().await.ok();
    let on_site = consent(&service, OTHER_SITE, "web", "alice").await;
    assert_eq!(on_site.user(), first.user());
    let platforms = "identities WHERE provider = 'wechat_platform'";
    assert_eq!(service.count(platforms).await, 2);
}

/// The owner binds the application to a platform after people have come.
#[tokio::test]
async fn a_unionid_that_appears_later_brings_two_accounts_together() {
    let service = two_platforms().await;
    bound(&service, MINI_PROGRAM, None).await;
    let tapped = tap(&service, MINI_PROGRAM, "alice").await;
    let in_app = consent(&service, APP, "app", "alice").await;
    assert_ne!(tapped.user(), in_app.user());
    bound(&service, MINI_PROGRAM, Some("menshen-demo")).await;
    let again = tap(&service, MINI_PROGRAM, "alice").await;
    assert_eq!(again.user(), tapped.user(), "the older one survives");
    assert_eq!(identities(&again), 2);
    let alive = "users WHERE status = 'active'";
    assert_eq!(service.count(alive).await, 1);
    let in_app = consent(&service, APP, "app", "alice").await;
    assert_eq!(in_app.user(), tapped.user());
}

/// By consent in the app, whose answer has the unionid.
#[tokio::test]
async fn a_unionid_that_appears_by_consent_is_attached() {
    let service = two_platforms().await;
    bound(&service, APP, None).await;
    let in_app = consent(&service, APP, "app", "alice").await;
    bound(&service, APP, Some("menshen-demo")).await;
    let again = consent(&service, APP, "app", "alice").await;
    assert_eq!(again.user(), in_app.user());
    let tapped = tap(&service, MINI_PROGRAM, "alice").await;
    assert_eq!(tapped.user(), in_app.user());
}

/// By the open data of a login, whose exchange had none.
#[tokio::test]
async fn a_unionid_that_appears_in_open_data_joins() {
    let service = two_platforms().await;
    let in_app = consent(&service, APP, "app", "alice").await;
    bound(&service, MINI_PROGRAM, None).await;
    let code = service.login_code("alice").await;
    let without = json!({ "code": code, "app_id": MINI_PROGRAM, "client": client() });
    // The exchange happens unbound and is refused for its open data, which keeps it.
    let mut refused = without.clone();
    refused["profile"] = json!({ "encrypted_data": "AAAA", "iv": "AAAA" });
    let call = service.post("/v1/login/wechat").json(refused);
    call.send().await.fails(400, "decrypt_failed");
    bound(&service, MINI_PROGRAM, Some("menshen-demo")).await;
    let mut with_data = without;
    with_data["profile"] = service.open_data("alice").await;
    let call = service.post("/v1/login/wechat").json(with_data);
    let login = Login::of(&call.send().await);
    assert_eq!(login.user(), in_app.user());
    assert_eq!(identities(&login), 2);
}

/// The application moves to another Open Platform account: the held unionid stays,
/// the answer says so, and the log knows.
#[tokio::test]
async fn a_unionid_that_changes_is_a_conflict_and_never_overwritten() {
    let service = two_platforms().await;
    let first = tap(&service, MINI_PROGRAM, "alice").await;
    let held = "SELECT subject FROM identities WHERE provider = 'wechat_platform'";
    let unchanged =
        format!("identities WHERE provider = 'wechat_platform' AND subject IN ({held})");
    assert_eq!(service.count(&unchanged).await, 1);
    service
        .sql("CREATE TABLE remembered AS SELECT subject FROM identities WHERE provider = 'wechat_platform'")
        .await;
    bound(&service, MINI_PROGRAM, Some("moved")).await;
    let again = tap(&service, MINI_PROGRAM, "alice").await;
    assert_eq!(again.user(), first.user());
    assert_eq!(again.0["not_attached"], json!(["wechat"]));
    let same = "identities WHERE provider = 'wechat_platform' AND subject IN (SELECT subject FROM remembered)";
    assert_eq!(service.count(same).await, 1);
    let told = "audit_events WHERE action = 'account.link_conflict'";
    assert_eq!(service.count(told).await, 1);
}

/// A closed WeChat account takes the unionid of its platform, and no other's.
#[tokio::test]
async fn a_push_of_one_platform_leaves_the_other_alone() {
    let apps = format!(
        "[{{ app_id = \"{MINI_PROGRAM}\", app_secret = \"fa4e0000000000000000000000000001\", kind = \"mini_program\", platform = \"one\", push_token = \"pushtoken\", push_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\" }}, \
         {{ app_id = \"{APP}\", app_secret = \"fa4e0000000000000000000000000002\", kind = \"app\", platform = \"two\" }}]"
    );
    let service = Service::with(&[("wechat.apps", &apps)]).await;
    bound(&service, APP, Some("platform-two")).await;
    service.subscribe().await;
    let tapped = service.one_tap("alice").await;
    let code = service.oauth_code(APP, "alice").await;
    let link = service.post("/v1/me/wechat").bearer(tapped.access());
    let linked = link
        .json(json!({ "code": code, "app_id": APP }))
        .send()
        .await;
    linked.ok();
    assert_eq!(service.count("identities").await, 4);
    let event = json!({ "person": "alice", "event": "user_authorization_cancellation" });
    for delivery in service.happens(event).await {
        assert_eq!(delivery["body"], Value::from("success"), "{delivery}");
    }
    let left = format!("identities WHERE app_id IN ('{APP}', 'two')");
    assert_eq!(service.count(&left).await, 2);
    assert_eq!(service.count("identities").await, 2);
    let in_app = consent(&service, APP, "app", "alice").await;
    assert_eq!(in_app.user(), tapped.user());
}
