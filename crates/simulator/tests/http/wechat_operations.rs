//! Quotas, refused requests, addresses: what operators ask.

use menshen_simulator::defaults::{APP_APP_ID, APP_APP_SECRET};
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, SECRET, text};

const CLASSIC: [(&str, &str); 3] = [
    ("grant_type", "client_credential"),
    ("appid", APP_ID),
    ("secret", SECRET),
];

async fn token(offline: &Offline) -> String {
    text(&offline.stable_token(false).await, "access_token")
}

async fn quota(offline: &Offline, token: &str, path: &str) -> Value {
    let body = json!({"cgi_path": path});
    offline
        .with_token("/cgi-bin/openapi/quota/get", token, &body)
        .await
}

#[tokio::test]
async fn a_quota_says_what_is_used_and_left() {
    let offline = Offline::start().await;
    let token = token(&offline).await;
    for _ in 0..3 {
        offline.get("/cgi-bin/token", &CLASSIC).await;
    }
    let answer = quota(&offline, &token, "/cgi-bin/token").await;
    assert_eq!(
        answer,
        json!({"errcode": 0, "errmsg": "ok", "quota": {"daily_limit": 2000, "used": 3, "remain": 1997}})
    );
    let answer = quota(&offline, &token, "/cgi-bin/stable_token").await;
    assert_eq!(
        (&answer["quota"]["used"], &answer["rate_limit"]),
        (
            &json!(1),
            &json!({"call_count": 10_000, "refresh_second": 60})
        )
    );
    for path in ["", "/cgi-bin/unheard-of", "cgi-bin/token"] {
        assert_eq!(
            quota(&offline, &token, path).await["errcode"],
            76021,
            "{path}"
        );
    }
    assert_eq!(quota(&offline, "", "/x").await["errcode"], 41001);
}

#[tokio::test]
async fn a_quota_is_cleared_ten_times_a_month() {
    let offline = Offline::start().await;
    for _ in 0..2000 {
        offline.get("/cgi-bin/token", &CLASSIC).await;
    }
    let next = offline.get_json("/cgi-bin/token", &CLASSIC).await;
    assert_eq!(next["errcode"], 45009);
    let token = token(&offline).await;
    let clear = json!({"appid": APP_ID});
    let cleared = offline
        .with_token("/cgi-bin/clear_quota", &token, &clear)
        .await;
    assert_eq!(cleared, json!({"errcode": 0, "errmsg": "ok"}));
    let next = offline.get_json("/cgi-bin/token", &CLASSIC).await;
    assert_eq!(next["expires_in"], 7200);
    let by_secret = json!({"appid": APP_ID, "appsecret": SECRET});
    for _ in 0..9 {
        let answer = offline
            .post_json("/cgi-bin/clear_quota/v2", &by_secret)
            .await;
        assert_eq!(answer["errcode"], 0);
    }
    let answer = offline
        .post_json("/cgi-bin/clear_quota/v2", &by_secret)
        .await;
    assert_eq!(answer["errcode"], 48006);
    offline.advance(32 * 86_400);
    let answer = offline
        .post_json("/cgi-bin/clear_quota/v2", &by_secret)
        .await;
    assert_eq!(answer["errcode"], 0);
}

#[tokio::test]
async fn each_fault_of_a_clearing_has_its_errcode() {
    let offline = Offline::start().await;
    let token = token(&offline).await;
    for (body, errcode) in [
        (json!({}), 41002),
        (json!({"appid": APP_APP_ID}), 40013),
        (json!([]), 47001),
    ] {
        let answer = offline
            .with_token("/cgi-bin/clear_quota", &token, &body)
            .await;
        assert_eq!(answer["errcode"], errcode, "{body}");
    }
    for (body, errcode) in [
        (json!({"appsecret": SECRET}), 41002),
        (json!({"appid": APP_ID}), 41004),
        (json!({"appid": "x", "appsecret": SECRET}), 40013),
        (json!({"appid": APP_ID, "appsecret": "x"}), 40125),
    ] {
        let answer = offline.post_json("/cgi-bin/clear_quota/v2", &body).await;
        assert_eq!(answer["errcode"], errcode, "{body}");
    }
    for path in [
        "/cgi-bin/clear_quota",
        "/cgi-bin/clear_quota/v2",
        "/cgi-bin/openapi/quota/get",
        "/cgi-bin/openapi/rid/get",
        "/wxa/business/checkencryptedmsg",
    ] {
        assert_eq!(
            offline.get_json(path, &[]).await["errcode"],
            43002,
            "{path}"
        );
        let chunked = offline
            .raw(&format!("POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"))
            .await;
        assert!(chunked.starts_with("HTTP/1.1 412 "), "{path}: {chunked}");
    }
}

#[tokio::test]
async fn a_refused_request_is_looked_up_by_its_rid() {
    let offline = Offline::start().await;
    let token = token(&offline).await;
    let refused = offline.code2session("a-secret-code").await;
    let errmsg = text(&refused, "errmsg");
    let rid = errmsg.rsplit_once("rid: ").expect("a rid").1;
    let look_up = async |token: &str, rid: &str| {
        let body = json!({"rid": rid});
        offline
            .with_token("/cgi-bin/openapi/rid/get", token, &body)
            .await
    };
    let answer = look_up(&token, rid).await;
    let request = &answer["request"];
    assert_eq!(
        (
            &answer["errcode"],
            &request["invoke_time"],
            &request["client_ip"]
        ),
        (&json!(0), &json!(1_767_225_600), &json!("127.0.0.1"))
    );
    assert_eq!(
        request["request_url"],
        "/sns/jscode2session?appid=***&secret=***&js_code=***&grant_type=***"
    );
    let seen: Value = serde_json::from_str(&text(request, "response_body")).unwrap();
    assert_eq!(seen, refused);
    for secret in [SECRET, "a-secret-code", &token] {
        assert!(!answer.to_string().contains(secret));
    }
    let other = [
        ("grant_type", "client_credential"),
        ("appid", APP_APP_ID),
        ("secret", APP_APP_SECRET),
    ];
    let other = text(
        &offline.get_json("/cgi-bin/token", &other).await,
        "access_token",
    );
    for (token, rid, errcode) in [
        (&other, rid, 76003),
        (&token, "6955b900-00000000-00000000", 76001),
        (&token, "nonsense", 76002),
        (&token, "", 76002),
        (&token, "60000000-00000000-00000000", 76004),
    ] {
        assert_eq!(look_up(token, rid).await["errcode"], errcode, "{rid}");
    }
    let wrong_body = offline.phone_number(&token, &json!({"code": "hush"})).await;
    let errmsg = text(&wrong_body, "errmsg");
    let rid = errmsg.rsplit_once("rid: ").expect("a rid").1;
    let answer = look_up(&token, rid).await;
    assert_eq!(answer["request"]["request_body"], r#"{"code":"***"}"#);
}

#[tokio::test]
async fn addresses_are_of_this_machine() {
    let offline = Offline::start().await;
    let token = token(&offline).await;
    for path in ["/cgi-bin/get_api_domain_ip", "/cgi-bin/getcallbackip"] {
        let answer = offline.get_json(path, &[("access_token", &token)]).await;
        assert_eq!(answer, json!({"ip_list": ["127.0.0.1", "::1"]}));
        assert_eq!(offline.get_json(path, &[]).await["errcode"], 41001);
    }
}
