//! Several applications, of one platform and of none.

use reqwest::Method;
use serde_json::json;

use super::{APP, oauth};
use crate::support::{Login, Service, client, client_of};

const WEBSITE: &str = "wx1a2b3c4d5e6f7089";

#[tokio::test]
async fn applications_of_one_platform_lead_to_one_account() {
    let service = Service::start().await;
    let tap = service.one_tap("alice").await;
    let in_app = Login::of(&oauth(&service, APP, "app", "alice").await);
    let on_web = Login::of(&oauth(&service, WEBSITE, "web", "alice").await);
    for login in [&in_app, &on_web] {
        assert_eq!((login.user(), login.is_new()), (tap.user(), false));
    }
    let identities = on_web.0["user"]["identities"].as_array().unwrap();
    let providers: Vec<&str> = identities
        .iter()
        .filter_map(|identity| identity["provider"].as_str())
        .collect();
    assert_eq!(
        providers,
        ["wechat_mini_program", "wechat_app", "wechat_website"]
    );
}

#[tokio::test]
async fn without_a_common_platform_two_applications_see_two_people() {
    let service = Service::start().await;
    let unbound = json!({ "platform": null });
    service
        .control(Method::POST, &format!("apps/{APP}"), unbound)
        .await;
    let tap = service.one_tap("alice").await;
    let in_app = Login::of(&oauth(&service, APP, "app", "alice").await);
    assert!(in_app.is_new());
    assert_ne!(in_app.user(), tap.user());
}

#[tokio::test]
async fn the_kind_of_application_follows_the_client() {
    let service = Service::start().await;
    let code = service.oauth_code(APP, "alice").await;
    let body = json!({ "code": code, "client": client_of("app") });
    let call = service.post("/v1/login/wechat-oauth").json(body);
    let login = Login::of(&call.send().await);
    assert_eq!(login.0["user"]["identities"][0]["app_id"], APP);
    let body = json!({ "code": code, "client": client() });
    let answer = service
        .post("/v1/login/wechat-oauth")
        .json(body)
        .send()
        .await;
    answer.fails(400, "invalid_request");
    answer.blames("client.type", "invalid_value");
}
