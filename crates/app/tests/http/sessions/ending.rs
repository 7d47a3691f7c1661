//! Signing out, of here, elsewhere and everywhere.

use serde_json::json;

use super::{is_over, logout};
use crate::support::Service;

#[tokio::test]
async fn signing_out_ends_this_session_at_once() {
    let service = Service::start().await;
    let (login, other) = (
        service.one_tap("alice").await,
        service.one_tap("alice").await,
    );
    // Known as live a moment ago, and over all the same.
    service.verify(login.access()).await.ok();
    let out = logout(&service, &login, None).await;
    insta::assert_json_snapshot!(out.body(), @r#"
    {
      "code": "ok",
      "data": {
        "ended": 1
      },
      "message": "已退出登录"
    }
    "#);
    is_over(&service, &login, "signed_out").await;
    service.me(other.access()).await.ok();
}

#[tokio::test]
async fn signing_out_twice_is_no_error() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    for ended in [1, 0, 0] {
        let out = logout(&service, &login, Some(json!({ "scope": "this" }))).await;
        assert_eq!(out.ok()["ended"], ended);
    }
}

#[tokio::test]
async fn signing_out_the_others_leaves_this_session() {
    let service = Service::start().await;
    let one = service.one_tap("alice").await;
    let two = service.one_tap("alice").await;
    let this = service.one_tap("alice").await;
    let stranger = service.one_tap("bob").await;
    let out = logout(&service, &this, Some(json!({ "scope": "others" }))).await;
    assert_eq!(out.ok()["ended"], 2);
    for login in [&one, &two] {
        is_over(&service, login, "signed_out").await;
    }
    for login in [&this, &stranger] {
        service.me(login.access()).await.ok();
    }
    let again = logout(&service, &this, Some(json!({ "scope": "others" }))).await;
    assert_eq!(again.ok()["ended"], 0);
}

#[tokio::test]
async fn signing_out_of_all_ends_every_session() {
    let service = Service::start().await;
    let (one, two) = (
        service.one_tap("alice").await,
        service.one_tap("alice").await,
    );
    let out = logout(&service, &two, Some(json!({ "scope": "all" }))).await;
    assert_eq!(out.ok()["ended"], 2);
    for login in [&one, &two] {
        is_over(&service, login, "signed_out").await;
    }
    // A session that is over speaks for no other one.
    let tapped = service.one_tap("alice").await;
    let answer = logout(&service, &one, Some(json!({ "scope": "all" }))).await;
    answer.fails(401, "session_revoked");
    service.me(tapped.access()).await.ok();
}

#[tokio::test]
async fn a_logout_that_cannot_be_read_ends_nothing() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let odd = [
        (json!({ "scope": "everything" }), "scope"),
        (json!({ "scope": 1 }), "scope"),
        (json!({ "scop": "all" }), "scop"),
        (json!([]), "body"),
    ];
    for (body, field) in odd {
        let answer = logout(&service, &login, Some(body)).await;
        let failure = answer.fails(400, "invalid_request");
        assert_eq!(failure["errors"][0]["field"], field, "{failure}");
    }
    let call = service.post("/v1/logout").bearer(login.access());
    let answer = call.text("{").send().await;
    answer.fails(400, "malformed_json");
    service.me(login.access()).await.ok();
}
