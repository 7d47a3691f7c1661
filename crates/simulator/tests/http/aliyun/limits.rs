//! How many messages the vendor lets through to one number, and what it counts together.

use menshen_simulator::{SimulatorConfig, defaults};
use serde_json::Value;

use super::request;
use crate::offline::Offline;

#[tokio::test]
async fn limits_are_named_in_the_message() {
    let offline = Offline::start().await;
    let mut count = 0;
    let mut send = async |date: &str| {
        count += 1;
        let request = request("13800138000", &format!("n{count}")).header("x-acs-date", date);
        let body: Value = request.send(&offline).await.json().await.unwrap();
        (
            body["Code"].as_str().unwrap().to_owned(),
            body["Message"].as_str().unwrap().to_owned(),
        )
    };
    let limited = |message: &str| ("isv.BUSINESS_LIMIT_CONTROL".to_owned(), message.to_owned());
    assert_eq!(send("2026-01-01T00:00:00Z").await.0, "OK");
    assert_eq!(
        send("2026-01-01T00:00:00Z").await,
        limited("触发分钟级流控Permits:1")
    );
    for minute in 1..5 {
        offline.advance(60);
        assert_eq!(send(&format!("2026-01-01T00:0{minute}:00Z")).await.0, "OK");
    }
    offline.advance(60);
    assert_eq!(
        send("2026-01-01T00:05:00Z").await,
        limited("触发小时级流控Permits:5")
    );
    offline.advance(55 * 60);
    for minute in 0..5 {
        assert_eq!(send(&format!("2026-01-01T01:0{minute}:00Z")).await.0, "OK");
        offline.advance(60);
    }
    offline.advance(3600);
    assert_eq!(
        send("2026-01-01T02:05:00Z").await,
        limited("触发天级流控Permits:10")
    );
}

#[tokio::test]
async fn limits_can_be_off() {
    let offline = Offline::start_with(SimulatorConfig {
        sms_limits: false,
        ..SimulatorConfig::default()
    })
    .await;
    for nonce in 0..15 {
        assert_eq!(
            request("13800138000", &nonce.to_string())
                .code(&offline)
                .await
                .1,
            "OK"
        );
    }
}

#[tokio::test]
async fn a_template_for_abroad_sends_nothing_home_and_signs_count_apart() {
    let offline = Offline::start().await;
    let abroad = |phone, nonce| {
        request(phone, nonce).param("TemplateCode", defaults::ALIYUN_OVERSEAS_TEMPLATE_CODE)
    };
    assert_eq!(
        abroad("13800138000", "n1").code(&offline).await,
        (200, "isv.DOMESTIC_NUMBER_NOT_SUPPORTED".to_owned())
    );
    assert_eq!(abroad("85298765432", "n2").code(&offline).await.1, "OK");
    let bind = |nonce, sign| {
        request("13800138000", nonce)
            .param("TemplateCode", defaults::ALIYUN_BIND_TEMPLATE_CODE)
            .param("SignName", sign)
    };
    let (first, second) = (defaults::ALIYUN_SIGN_NAME, defaults::SECOND_SIGN);
    assert_eq!(bind("n3", first).code(&offline).await.1, "OK");
    assert_eq!(
        bind("n4", first).code(&offline).await.1,
        "isv.BUSINESS_LIMIT_CONTROL"
    );
    assert_eq!(bind("n5", second).code(&offline).await.1, "OK");
    let text = offline.inbox("13800138000").await[0]["text"].clone();
    assert_eq!(
        text,
        "【门神安全】您正在绑定手机号，验证码123456，10分钟内有效"
    );
}
