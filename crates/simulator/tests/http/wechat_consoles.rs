//! What an application's owner, or `WeChat`, did to it.

use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, SECRET, text};

const CLASSIC: [(&str, &str); 3] = [
    ("grant_type", "client_credential"),
    ("appid", APP_ID),
    ("secret", SECRET),
];

async fn change(offline: &Offline, body: &Value) -> Value {
    let path = format!("/control/apps/{APP_ID}");
    let (status, answer) = offline.control(Method::POST, &path, body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The errcodes of both token calls; the login must work whatever they say.
async fn verdicts(offline: &Offline) -> (Value, Value) {
    let session = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    assert!(session["openid"].is_string(), "{session}");
    (
        offline.get_json("/cgi-bin/token", &CLASSIC).await["errcode"].clone(),
        offline.stable_token(false).await["errcode"].clone(),
    )
}

#[tokio::test]
async fn a_frozen_secret_or_account_gets_no_token_and_logs_people_in() {
    let offline = Offline::start().await;
    for (what, errcode) in [("secret_frozen", 40243), ("account_frozen", 50007)] {
        assert_eq!(change(&offline, &json!({what: true})).await[what], true);
        assert_eq!(
            verdicts(&offline).await,
            (json!(errcode), json!(errcode)),
            "{what}"
        );
        change(&offline, &json!({what: false})).await;
        assert_eq!(verdicts(&offline).await, (json!(null), json!(null)));
    }
}

#[tokio::test]
async fn who_is_not_on_the_list_is_told_the_own_address() {
    let offline = Offline::start().await;
    change(&offline, &json!({"ip_allow": ["203.0.113.9"]})).await;
    assert_eq!(verdicts(&offline).await, (json!(40164), json!(40164)));
    let answer = offline.stable_token(false).await;
    assert!(
        text(&answer, "errmsg").starts_with(
            "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: 6955b900-"
        ),
        "{answer}"
    );
    change(&offline, &json!({"ip_allow": ["203.0.113.9", "127.0.0.1"]})).await;
    assert_eq!(verdicts(&offline).await, (json!(null), json!(null)));
}

#[tokio::test]
async fn a_secret_that_was_reset_is_40125() {
    let offline = Offline::start().await;
    let new = "0123456789abcdef0123456789abcdef";
    let answer = change(&offline, &json!({"app_secret": new})).await;
    assert!(!answer.to_string().contains(new));
    assert_eq!(offline.stable_token(false).await["errcode"], 40125);
    let session = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    assert_eq!(session["errcode"], 40125);
}

#[tokio::test]
async fn each_button_is_billed_until_no_more_are_paid_for() {
    let offline = Offline::start().await;
    change(&offline, &json!({"phone_quota": 1})).await;
    let press = async || {
        let body = json!({"person": "alice"});
        offline
            .control(Method::POST, "/control/wechat/phone", &body)
            .await
    };
    assert_eq!(press().await.0, 200);
    let (status, refused) = press().await;
    assert_eq!((status, &refused["errno"]), (409, &json!(1_400_001)));
    let app = change(&offline, &json!({"phone_quota": null})).await;
    assert_eq!(app["phone_billed"], 1, "a refused one is not billed");
    assert_eq!(press().await.0, 200);
}

#[tokio::test]
async fn another_app_is_registered_and_moved() {
    let offline = Offline::start().await;
    let new = json!({
        "app_id": "wx0123456789abcdef", "app_secret": "0123456789abcdef0123456789abcdef", "kind": "mini_program",
    });
    let add = async |body: &Value| offline.control(Method::POST, "/control/apps", body).await;
    let (status, app) = add(&new).await;
    assert_eq!((status, &app["platform"]), (200, &json!(null)));
    assert_eq!(add(&new).await.0, 409);
    for (name, value) in [
        ("app_id", "wx1"),
        ("app_secret", "short"),
        ("kind", "pigeon"),
        ("unknown", ""),
    ] {
        let mut wrong = new.clone();
        wrong[name] = json!(value);
        assert_eq!(add(&wrong).await.0, 400, "{name}");
    }
    let login = async || {
        let body = json!({"person": "alice", "app_id": "wx0123456789abcdef"});
        let query = [
            ("appid", "wx0123456789abcdef"),
            ("secret", "0123456789abcdef0123456789abcdef"),
            ("js_code", &offline.code("login", &body).await),
            ("grant_type", "authorization_code"),
        ];
        offline.get_json("/sns/jscode2session", &query).await
    };
    assert_eq!(login().await.get("unionid"), None);
    let path = "/control/apps/wx0123456789abcdef";
    let moved = json!({"platform": "menshen-demo"});
    offline.control(Method::POST, path, &moved).await;
    let ours = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    assert_eq!(login().await["unionid"], ours["unionid"]);
    offline.control(Method::POST, path, &json!({})).await;
    assert_eq!(
        login().await["unionid"],
        ours["unionid"],
        "what is left out stays"
    );
}
