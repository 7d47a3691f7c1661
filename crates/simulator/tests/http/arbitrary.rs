//! Whatever is sent, something sensible is answered, and nothing secret is kept.

use menshen_simulator::defaults;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::offline::{APP_ID, Offline, SECRET, text};

const CALLS: &[&str] = &[
    "/sns/jscode2session",
    "/sns/oauth2/access_token",
    "/sns/oauth2/refresh_token",
    "/sns/auth",
    "/sns/userinfo",
    "/cgi-bin/token",
    "/cgi-bin/stable_token",
    "/cgi-bin/clear_quota",
    "/cgi-bin/clear_quota/v2",
    "/cgi-bin/openapi/quota/get",
    "/cgi-bin/openapi/rid/get",
    "/cgi-bin/get_api_domain_ip",
    "/cgi-bin/getcallbackip",
    "/wxa/business/getuserphonenumber",
    "/wxa/business/checkencryptedmsg",
    "/wxa/checksession",
    "/wxa/resetusersessionkey",
    "/wxa/getuserriskrank",
    "/wxa/getpaidunionid",
];

const NAMES: &[&str] = &[
    "appid",
    "secret",
    "appsecret",
    "js_code",
    "code",
    "grant_type",
    "access_token",
    "refresh_token",
    "openid",
    "signature",
    "sig_method",
    "force_refresh",
    "scene",
    "client_ip",
    "is_test",
    "mobile_no",
    "rid",
    "cgi_path",
    "encrypted_msg_hash",
    "transaction_id",
    "mch_id",
    "out_trade_no",
    "lang",
];

const CONTROLS: &[&str] = &[
    "people",
    "people/alice",
    "people/nobody",
    "apps",
    "apps/wx5f3a9c0d7e1b2a48",
    "wechat/login",
    "wechat/phone",
    "wechat/oauth",
    "wechat/open-data",
    "wechat/pay",
    "wechat/withdraw",
    "wechat/close-account",
    "wechat/expire-session-key",
    "wechat/revoke-token",
    "wechat/push",
    "wechat/events",
    "clock",
    "settings",
    "requests",
    "faults",
    "sms",
];

const MEMBERS: &[&str] = &[
    "name",
    "person",
    "phone",
    "phones",
    "nickname",
    "blocked",
    "closed",
    "risk_rank",
    "app_id",
    "app_secret",
    "kind",
    "platform",
    "verified",
    "ip_allow",
    "phone_quota",
    "scope",
    "state",
    "redirect_uri",
    "refuse",
    "deny",
    "event",
    "revoke_info",
    "create_time",
    "stale",
    "forged",
    "duplicates",
    "replays",
    "url",
    "token",
    "aes_key",
    "mode",
    "seconds",
    "errcode",
    "sticky",
    "session_key_rotation",
    "openid_mismatch_errcode",
];

/// Values that exist, beside those that mean nothing.
fn word(known: Vec<String>) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(known),
        1 => ".{0,40}",
        1 => select(vec!["authorization_code", "client_credential", "refresh_token", "hmac_sha256", ""])
            .prop_map(str::to_owned),
    ]
}

fn member(known: Vec<String>) -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => word(known).prop_map(Value::String),
        1 => any::<i64>().prop_map(|number| json!(number)),
        1 => any::<u64>().prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(|flag| json!(flag)),
        1 => Just(Value::Null),
        1 => Just(json!([{"a": []}])),
    ]
}

fn object(names: &'static [&'static str], known: Vec<String>) -> impl Strategy<Value = Value> {
    let pair = (select(names), member(known));
    proptest::collection::vec(pair, 0..6).prop_map(|pairs| {
        let pairs = pairs.into_iter();
        Value::Object(
            pairs
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Map<_, _>>(),
        )
    })
}

fn body(names: &'static [&'static str], known: Vec<String>) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => object(names, known).prop_map(|value| value.to_string().into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..60),
        1 => Just(Vec::new()),
    ]
}

/// A world with living codes, tokens and sessions, and all that they consist of.
async fn populated(offline: &Offline) -> Vec<String> {
    let session = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    let oauth = offline.code("oauth", &json!({"person": "bob"})).await;
    let query = [
        ("appid", defaults::APP_APP_ID),
        ("secret", defaults::APP_APP_SECRET),
        ("code", &oauth),
        ("grant_type", "authorization_code"),
    ];
    let grant = offline.get_json("/sns/oauth2/access_token", &query).await;
    vec![
        text(&session, "openid"),
        text(&session, "session_key"),
        text(&grant, "openid"),
        text(&grant, "access_token"),
        text(&grant, "refresh_token"),
        text(&offline.stable_token(false).await, "access_token"),
        offline.login_code("carol").await,
        offline.code("phone", &json!({"person": "bob"})).await,
        offline.code("oauth", &json!({"person": "alice"})).await,
        SECRET.to_owned(),
        defaults::APP_APP_SECRET.to_owned(),
        APP_ID.to_owned(),
        defaults::APP_APP_ID.to_owned(),
    ]
}

fn run<S: Strategy>(strategy: &S, test: impl Fn(S::Value)) {
    let config = Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(strategy, |value| {
        test(value);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

#[test]
fn every_call_answers_json_and_the_log_keeps_no_value() {
    let runtime = runtime();
    let offline = runtime.block_on(Offline::start());
    let known = runtime.block_on(populated(&offline));
    let parameters = proptest::collection::vec((select(NAMES), word(known.clone())), 0..6);
    let method = select(vec![Method::GET, Method::GET, Method::POST, Method::PUT]);
    let request = (
        select(CALLS),
        method,
        parameters,
        body(NAMES, known.clone()),
    );
    run(&request, |(path, method, query, body)| {
        let request = offline
            .client
            .request(method, offline.url(path))
            .query(&query)
            .body(body);
        runtime.block_on(async {
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), 200);
            let answer: Value = answer.json().await.expect("JSON");
            let errcode = answer.get("errcode");
            assert!(errcode.is_none_or(Value::is_i64), "{answer}");
            assert!(
                answer
                    .as_object()
                    .is_some_and(|members| !members.is_empty())
            );
        });
    });
    let log = runtime.block_on(async {
        let log = offline.get("/control/requests", &[]).await;
        log.text().await.expect("text")
    });
    for value in &known {
        assert!(!log.contains(value.as_str()), "{value} in the log");
    }
}

#[test]
fn the_control_api_never_fails() {
    let runtime = runtime();
    let offline = runtime.block_on(Offline::start());
    let mut known = runtime.block_on(populated(&offline));
    known.extend(
        [
            "alice",
            "bob",
            "carol",
            "13800138000",
            "snsapi_base",
            "website",
            "user_info_modified",
            "never",
            "safe",
            "http://127.0.0.1:1/",
        ]
        .map(str::to_owned),
    );
    let method = select(vec![
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::GET,
        Method::DELETE,
    ]);
    let request = (select(CONTROLS), method, body(MEMBERS, known));
    run(&request, |(path, method, body)| {
        let url = offline.url(&format!("/control/{path}"));
        let request = offline.client.request(method, url).body(body);
        runtime.block_on(async {
            let answer = request.send().await.expect("an answer");
            let status = answer.status().as_u16();
            assert!(matches!(status, 200 | 400 | 404 | 405 | 409), "{status}");
            let answer: Value = answer.json().await.expect("JSON");
            assert_eq!(answer.get("error").is_some(), status != 200, "{answer}");
        });
    });
    assert!(
        runtime.block_on(async {
            offline
                .control(Method::POST, "/control/reset", &json!({}))
                .await;
            offline
                .code2session(&offline.login_code("alice").await)
                .await["openid"]
                .is_string()
        }),
        "the world goes on"
    );
}
