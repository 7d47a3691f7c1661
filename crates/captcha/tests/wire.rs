//! What goes over the wire, byte for byte where a service counts bytes, and answers
//! that no offline service gives.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
#![expect(dead_code, reason = "the offline services are for the other tests")]

mod support;

use std::sync::Arc;

use menshen_captcha::{CaptchaConfigError, Turnstile, TurnstileConfig, VerifyUrl, VerifyUrlConfig};
use menshen_domain::model::captcha::{CaptchaToken, SolvedCaptcha};
use menshen_domain::model::verification::Purpose;
use menshen_domain::ports::captcha_verifier::{CaptchaVerdict, CaptchaVerifierError};
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use serde_json::{Value, json};
use support::{Counting, Kind, Now, adapter, guarded};

const ALL: [Kind; 5] = [
    Kind::Tencent,
    Kind::TencentMiniProgram,
    Kind::Aliyun,
    Kind::Turnstile,
    Kind::VerifyUrl,
];

fn handed_in(token: &str, address: &str) -> SolvedCaptcha {
    SolvedCaptcha {
        token: CaptchaToken::parse(token).unwrap(),
        address: address.parse().unwrap(),
        purpose: Purpose::Login,
    }
}

async fn always(reaction: Reaction) -> MockServer {
    MockServer::start(move |_, _| reaction.clone())
        .await
        .unwrap()
}

/// Asks once, and shows the question.
async fn question(kind: Kind, token: &str, address: &str) -> Seen {
    let server = always(Reaction::ok("{}")).await;
    let answer = adapter(kind, &server.url(), true)
        .verify(&handed_in(token, address))
        .await;
    assert!(answer.is_err(), "{answer:?}");
    server.seen().remove(0)
}

#[tokio::test]
async fn tencent_is_asked_about_a_page_or_about_the_plugin() {
    let page = question(Kind::Tencent, "t03a*;@Q7G", "::ffff:203.0.113.7").await;
    assert_eq!(page.header("x-tc-action"), Some("DescribeCaptchaResult"));
    assert_eq!(page.header("x-tc-version"), Some("2019-07-22"));
    let body: Value = serde_json::from_slice(&page.body).unwrap();
    let expected = json!({
        "CaptchaType": 9,
        "Ticket": "t03a*",
        "Randstr": "@Q7G",
        "UserIp": "203.0.113.7",
        "CaptchaAppId": 190_000_001,
        "AppSecretKey": "fake-tencent-captcha-key",
    });
    assert_eq!(body, expected);
    let credential = page.header("authorization").unwrap();
    assert!(
        credential.contains("/captcha/tc3_request, "),
        "{credential}"
    );

    let plugin = question(Kind::Tencent, "t03a*", "2001:db8::1").await;
    let action = plugin.header("x-tc-action");
    assert_eq!(action, Some("DescribeCaptchaMiniResult"));
    let body: Value = serde_json::from_slice(&plugin.body).unwrap();
    assert_eq!(body["CaptchaAppId"], 190_000_002);
    assert_eq!(body["UserIp"], "2001:db8::1");
    assert!(body.get("Randstr").is_none(), "{body}");
}

#[tokio::test]
async fn the_parameter_of_alibaba_goes_on_as_it_came() {
    let param = r#"{"sceneId":"x","data":"a+b/c=&d %2F"}"#;
    let seen = question(Kind::Aliyun, param, "203.0.113.7").await;
    let form = "CaptchaVerifyParam=%7B%22sceneId%22%3A%22x%22%2C%22data%22%3A%22a%2Bb%2Fc%3D%26d%20%252F%22%7D&SceneId=fakescene";
    assert_eq!(seen.text(), form);
    let action = seen.header("x-acs-action");
    assert_eq!(action, Some("VerifyIntelligentCaptcha"));
    assert_eq!(seen.header("x-acs-version"), Some("2023-03-05"));
}

#[tokio::test]
async fn turnstile_is_told_the_secret_the_token_and_the_address() {
    let seen = question(Kind::Turnstile, "0.a&secret=b", "203.0.113.7").await;
    let form = "secret=fake-turnstile-secret-key&response=0.a%26secret%3Db&remoteip=203.0.113.7";
    assert_eq!(seen.text(), form);
}

#[tokio::test]
async fn an_own_address_is_told_in_json_under_a_signature() {
    let seen = question(Kind::VerifyUrl, "tok", "203.0.113.7").await;
    let expected = r#"{"token":"tok","remote_ip":"203.0.113.7","purpose":"login"}"#;
    assert_eq!(seen.text(), expected);
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        assert!(seen.header(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn an_own_address_without_a_secret_is_asked_unsigned() {
    let server = always(Reaction::ok(r#"{"success":true}"#)).await;
    let config = VerifyUrlConfig {
        url: server.url(),
        secret: None,
    };
    let randomness = Arc::new(Counting::default());
    let verifier = guarded(VerifyUrl::new(&config, Arc::new(Now), randomness).unwrap());
    let answer = verifier.verify(&handed_in("tok", "203.0.113.7")).await;
    assert_eq!(answer.unwrap(), CaptchaVerdict::Passed);
    assert!(server.seen()[0].header("webhook-signature").is_none());
}

/// Bodies that are near enough to a yes to be taken for one.
#[tokio::test]
async fn what_is_only_nearly_a_yes_is_none() {
    let yes = r#"{"success":true,"hostname":"menshen.example","action":"sms","Success":true,"Code":"Success","Result":{"VerifyResult":true},"Response":{"CaptchaCode":1}}"#;
    for kind in ALL {
        for (status, body) in [
            (200, "true".to_owned()),
            (200, "{}".to_owned()),
            (200, "[]".to_owned()),
            (200, String::new()),
            (200, format!("{yes}{yes}")),
            (200, yes.replace("true", r#""true""#).replace(":1}", r#":"1"}"#)),
            (200, r#"{"success":1,"Code":"Success","Result":{"VerifyResult":1},"Response":{"CaptchaCode":true}}"#.to_owned()),
            (200, r#"{"Success":true,"Code":"Success","Response":{"RequestId":"x"}}"#.to_owned()),
            (500, yes.to_owned()),
            (302, yes.to_owned()),
            (404, yes.to_owned()),
        ] {
            let server = always(Reaction::status(status, body.clone())).await;
            let verifier = adapter(kind, &server.url(), true);
            let answer = verifier.verify(&handed_in("a;b", "203.0.113.7")).await;
            let passed = matches!(answer, Ok(CaptchaVerdict::Passed));
            assert!(!passed, "{kind:?} {status} {body}");
        }
        let server = always(Reaction::ok(yes)).await;
        let verifier = adapter(kind, &server.url(), true);
        let answer = verifier.verify(&handed_in("a;b", "203.0.113.7")).await;
        assert_eq!(answer.unwrap(), CaptchaVerdict::Passed, "{kind:?}");
    }
}

#[tokio::test]
async fn tencent_lets_nobody_through_who_behaves_like_a_machine() {
    let body = r#"{"Response":{"CaptchaCode":1,"CaptchaMsg":"OK","EvilLevel":100}}"#;
    let server = always(Reaction::ok(body)).await;
    let verifier = adapter(Kind::Tencent, &server.url(), true);
    let answer = verifier.verify(&handed_in("a;b", "203.0.113.7")).await;
    assert_eq!(answer.unwrap(), CaptchaVerdict::Refused);
}

#[tokio::test]
async fn a_token_of_another_page_opens_nothing_here() {
    for (hostnames, action, passes) in [
        (vec!["menshen.example"], Some("sms"), true),
        (vec!["other.example", "Menshen.Example"], None, true),
        (vec![], None, true),
        (vec!["other.example"], None, false),
        (vec![], Some("contact"), false),
    ] {
        let yes = r#"{"success":true,"hostname":"menshen.example","action":"sms"}"#;
        let server = always(Reaction::ok(yes)).await;
        let config = TurnstileConfig {
            endpoint: server.url(),
            secret_key: "secret".into(),
            hostnames: hostnames.iter().map(ToString::to_string).collect(),
            action: action.map(ToOwned::to_owned),
        };
        let verifier = guarded(Turnstile::new(config).unwrap());
        let answer = verifier.verify(&handed_in("x", "203.0.113.7")).await;
        let passed = answer.unwrap() == CaptchaVerdict::Passed;
        assert_eq!(passed, passes, "{hostnames:?} {action:?}");
    }
}

#[tokio::test]
async fn a_service_that_nobody_is_at_was_not_asked() {
    for kind in ALL {
        let server = always(Reaction::Hang).await;
        let url = server.url();
        drop(server);
        let verifier = adapter(kind, &url, true);
        let answer = verifier.verify(&handed_in("a;b", "203.0.113.7")).await;
        let unasked = matches!(
            answer,
            Err(CaptchaVerifierError::Unavailable { asked: false, .. })
        );
        assert!(unasked, "{kind:?}: {answer:?}");
    }
}

#[test]
fn a_plain_address_of_another_machine_is_no_service() {
    for (url, expected) in [
        ("http://captcha.example", true),
        ("https://captcha.example/verify", false),
        ("http://127.0.0.1:9/verify", false),
    ] {
        let config = VerifyUrlConfig {
            url: url.to_owned(),
            secret: None,
        };
        let made = VerifyUrl::new(&config, Arc::new(Now), Arc::new(Counting::default()));
        let refused = matches!(made, Err(CaptchaConfigError::NotHttps));
        assert_eq!(refused, expected, "{url}");
    }
}
