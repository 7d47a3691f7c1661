//! Restarts, other processes and other services.

use std::time::Duration;

use super::{is_over, logout};
use crate::support::{Login, Service};

#[tokio::test]
async fn a_restart_keeps_people_signed_in() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let out = service.one_tap("bob").await;
    logout(&service, &out, None).await.ok();
    let service = service.restarted().await;
    let me = service.me(login.access()).await.ok();
    assert_eq!(me["id"], login.user());
    service.verify(login.access()).await.ok();
    let next = Login::of(&service.refresh(login.refresh()).await);
    service.me(next.access()).await.ok();
    is_over(&service, &out, "signed_out").await;
    let tapped = service.one_tap("alice").await;
    assert_eq!((tapped.user(), tapped.is_new()), (login.user(), false));
}

#[tokio::test]
async fn what_one_process_ends_is_over_in_another_within_a_second() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let beside = service.beside().await;
    beside.verify(login.access()).await.ok();
    logout(&service, &login, None).await.ok();
    let me = beside.me(login.access()).await;
    me.fails(401, "session_revoked");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let verified = beside.verify(login.access()).await;
    verified.fails(401, "session_revoked");
}

#[tokio::test]
async fn other_services_learn_who_is_there_from_headers() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let call = service.get("/v1/auth/verify").bearer(login.access());
    let forged = call
        .header("x-user-id", "somebody")
        .header("x-session-id", "else");
    let answer = forged.send().await;
    answer.ok();
    assert_eq!(answer.header("x-user-id"), Some(login.user()));
    assert_eq!(answer.header("x-session-id"), Some(login.session()));
    assert_eq!(answer.header("x-client-type"), Some("mini_program"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_token_travels_in_its_header_and_nowhere_else() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let token = login.access();
    let path = format!("/v1/me?access_token={token}");
    let in_query = service.get(&path).send().await;
    in_query.fails(401, "token_missing");
    let cookie = format!("access_token={token}; Authorization={token}");
    let in_cookie = service.get("/v1/me").header("cookie", &cookie).send().await;
    in_cookie.fails(401, "token_missing");
    let basic = format!("Basic {token}");
    let otherwise = service.get("/v1/me").header("authorization", &basic);
    otherwise.send().await.fails(401, "token_missing");
    let lower = format!("bearer {token}");
    let call = service.get("/v1/me").header("authorization", &lower);
    call.send().await.ok();
    let twice = service
        .get("/v1/me")
        .bearer(token)
        .bearer(token)
        .send()
        .await;
    twice.fails(400, "invalid_request");
    twice.blames("Authorization", "duplicate_field");
    let huge = "a".repeat(8000);
    service.me(&huge).await.fails(401, "token_invalid");
}
