//! What a number is worth once its account has another one.

use menshen_testkit::servers::redis::RedisServer;
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::support::{Login, Service, client, client_of};

const OLD: &str = "13900000001";
const NEW: &str = "13900000002";

#[tokio::test]
async fn the_codes_of_a_number_that_was_changed_die() {
    let redis = spawn_blocking(RedisServer::start).await.expect("a Redis");
    let url = redis.url();
    for store in ["memory:", url.as_str()] {
        let given = [("ephemeral.url", store), ("sms.resend_interval", "0s")];
        let service = Service::with(&given).await;
        let login = service.sms_login(OLD).await;
        let mut outstanding = Vec::new();
        for client_type in ["mini_program", "web"] {
            service.forget_messages().await;
            service.ask_as(client_type, OLD).await.ok();
            outstanding.push((client_type, service.code_at(OLD).await));
        }
        service.forget_messages().await;
        assert_eq!(service.bind_by_sms(&login, NEW).await.ok()["merged"], false);
        for (client_type, code) in outstanding {
            let body = json!({ "phone": OLD, "code": code, "client": client_of(client_type) });
            let tried = service.post("/v1/login/sms").json(body).send().await;
            tried.fails(400, "sms_code_expired");
        }
        // Whoever has the number now is somebody else, and is served as anybody.
        service.forget_messages().await;
        let next = service.sms_login(OLD).await;
        assert!(next.is_new());
        assert_ne!(next.user(), login.user());
        assert_eq!(service.sms_login(NEW).await.user(), login.user());
    }
}

/// What was acknowledged stays, and no code of the old number opens the account.
#[tokio::test]
async fn a_number_is_changed_though_redis_is_away() {
    let redis = spawn_blocking(RedisServer::start).await.expect("a Redis");
    let url = redis.url();
    let given = [
        ("ephemeral.url", url.as_str()),
        ("sms.resend_interval", "0s"),
    ];
    let service = Service::with(&given).await;
    service.person("dave", Some(OLD)).await;
    let login = Login::of(&service.press_button("dave").await);
    service.person("dave", Some(NEW)).await;
    spawn_blocking(move || drop(redis)).await.expect("an end");
    let bound = service.bind_by_button(&login, "dave").await.ok();
    assert_eq!(bound["user"]["phone"], format!("+86{NEW}"));
    let me = service.me(login.access()).await.ok();
    assert_eq!(me["phone"], format!("+86{NEW}"));
    let body = json!({ "phone": OLD, "code": "123456", "client": client() });
    let tried = service.post("/v1/login/sms").json(body).send().await;
    tried.fails(503, "unavailable");
}
