//! OAuth2 of native apps and websites.

use menshen_simulator::defaults::{APP_APP_ID, APP_APP_SECRET, WEBSITE_APP_ID, WEBSITE_APP_SECRET};
use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{Offline, text};

async fn exchange(offline: &Offline, app: (&str, &str), code: &str) -> Value {
    let query = [
        ("appid", app.0),
        ("secret", app.1),
        ("code", code),
        ("grant_type", "authorization_code"),
    ];
    offline.get_json("/sns/oauth2/access_token", &query).await
}

const APP: (&str, &str) = (APP_APP_ID, APP_APP_SECRET);
const WEBSITE: (&str, &str) = (WEBSITE_APP_ID, WEBSITE_APP_SECRET);

#[tokio::test]
async fn a_consent_gives_tokens_an_openid_and_the_same_unionid() {
    let offline = Offline::start().await;
    let app = exchange(
        &offline,
        APP,
        &offline.code("oauth", &json!({"person": "alice"})).await,
    )
    .await;
    assert_eq!(
        (&app["expires_in"], &app["scope"]),
        (&json!(7200), &json!("snsapi_userinfo"))
    );
    assert!(app["refresh_token"].is_string() && app.get("is_snapshotuser").is_none());
    let code = offline
        .code(
            "oauth",
            &json!({"person": "alice", "app_id": WEBSITE_APP_ID}),
        )
        .await;
    let website = exchange(&offline, WEBSITE, &code).await;
    assert_eq!(website["scope"], "snsapi_login");
    let mini_program = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    assert_eq!(
        (&app["unionid"], &website["unionid"]),
        (&mini_program["unionid"], &mini_program["unionid"])
    );
    assert!(app["openid"] != website["openid"] && app["openid"] != mini_program["openid"]);
}

#[tokio::test]
async fn an_oauth_code_is_good_once_for_ten_minutes_and_one_app() {
    let offline = Offline::start().await;
    let code = offline.code("oauth", &json!({"person": "alice"})).await;
    let late = offline.code("oauth", &json!({"person": "alice"})).await;
    assert_eq!(exchange(&offline, WEBSITE, &code).await["errcode"], 40029);
    assert!(exchange(&offline, APP, &code).await["openid"].is_string());
    assert_eq!(exchange(&offline, APP, &code).await["errcode"], 40163);
    offline.advance(599);
    assert_eq!(exchange(&offline, APP, &code).await["errcode"], 40163);
    offline.advance(1);
    assert_eq!(exchange(&offline, APP, &late).await["errcode"], 40029);
    assert_eq!(
        exchange(&offline, APP, &offline.login_code("alice").await).await["errcode"],
        40029
    );
}

#[tokio::test]
async fn each_fault_of_an_exchange_has_its_errcode() {
    let offline = Offline::start().await;
    let code = offline.code("oauth", &json!({"person": "alice"})).await;
    let right = [
        ("appid", APP.0),
        ("secret", APP.1),
        ("code", code.as_str()),
        ("grant_type", "authorization_code"),
    ];
    for (name, value, errcode) in [
        ("appid", "", 41002),
        ("secret", "", 41004),
        ("code", "", 41008),
        ("grant_type", "", 40002),
        ("appid", "wx0", 40013),
        ("secret", "wrong", 40125),
        ("code", "made-up", 40029),
    ] {
        let query = right.map(|(key, held)| (key, if key == name { value } else { held }));
        let answer = offline.get("/sns/oauth2/access_token", &query).await;
        assert_eq!(answer.headers()["content-type"], "text/plain");
        assert_eq!(
            answer.json::<Value>().await.unwrap()["errcode"],
            errcode,
            "{name}={value}"
        );
    }
    offline
        .control(
            Method::POST,
            "/control/people/alice",
            &json!({"blocked": true}),
        )
        .await;
    assert_eq!(exchange(&offline, APP, &code).await["errcode"], 50002);
}

#[tokio::test]
async fn userinfo_is_for_the_holder_of_the_token() {
    let offline = Offline::start().await;
    offline
        .control(
            Method::POST,
            "/control/people/alice",
            &json!({"nickname": "爱丽丝🎈", "avatar_url": "https://thirdwx.qlogo.cn/a/132"}),
        )
        .await;
    let grant = exchange(
        &offline,
        APP,
        &offline.code("oauth", &json!({"person": "alice"})).await,
    )
    .await;
    let (token, openid) = (text(&grant, "access_token"), text(&grant, "openid"));
    let ask = async |token: &str, openid: &str| {
        let query = [
            ("access_token", token),
            ("openid", openid),
            ("lang", "zh_CN"),
        ];
        offline.get_json("/sns/userinfo", &query).await
    };
    let info = ask(&token, &openid).await;
    assert_eq!(
        (&info["nickname"], &info["sex"], &info["privilege"]),
        (&json!("爱丽丝🎈"), &json!(0), &json!([]))
    );
    assert_eq!(info["headimgurl"], "https://thirdwx.qlogo.cn/a/132");
    assert_eq!(info["unionid"], grant["unionid"]);
    assert_eq!(ask("", &openid).await["errcode"], 41001);
    assert_eq!(ask(&token, "").await["errcode"], 41009);
    assert_eq!(ask(&token, "oSomebodyElse").await["errcode"], 40003);
    assert_eq!(ask("made-up", &openid).await["errcode"], 40001);
    let stable = text(&offline.stable_token(false).await, "access_token");
    assert_eq!(
        ask(&stable, &openid).await["errcode"],
        40001,
        "an application's token is no user's"
    );
    offline.advance(7200);
    assert_eq!(ask(&token, &openid).await["errcode"], 42001);
}

#[tokio::test]
async fn a_base_scope_and_a_snapshot_user_are_possible() {
    let offline = Offline::start().await;
    let body = json!({"person": "alice", "scope": "snsapi_base", "snapshot_user": true});
    let grant = exchange(&offline, APP, &offline.code("oauth", &body).await).await;
    assert_eq!(
        (&grant["scope"], &grant["is_snapshotuser"]),
        (&json!("snsapi_base"), &json!(1))
    );
    let (token, openid) = (text(&grant, "access_token"), text(&grant, "openid"));
    let info = offline
        .get_json(
            "/sns/userinfo",
            &[("access_token", &token), ("openid", &openid)],
        )
        .await;
    assert_eq!(info["errcode"], 48001);
}
