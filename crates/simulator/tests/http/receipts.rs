//! Delivery receipts, as each vendor pushes them.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menshen_simulator::defaults;
use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{Offline, text};
use super::receiver::{Received, Receiver};
use super::signing::{hmac_chain, sha256};
use super::{aliyun, huawei, tencent, twilio, volcengine};

const TAKEN: Option<(u16, &str)> = Some((200, r#"{"code":0,"result":0}"#));

async fn plan(offline: &Offline, plan: Value) {
    let (status, answer) = offline
        .control(Method::PUT, "/control/sms/receipts", &plan)
        .await;
    assert_eq!(status, 200, "{answer}");
}

/// What arrived, once it is so much; after 5 s it never will be.
async fn arrived(receiver: &Receiver, count: usize) -> Vec<Received> {
    let mut all = Vec::new();
    for _ in 0..500 {
        all.extend(receiver.take());
        if all.len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(all.len(), count, "{all:?}");
    all
}

/// The receipt of the newest message to a number, once it is as it should be.
async fn receipt(offline: &Offline, phone: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..500 {
        last = offline.inbox(phone).await[0]["receipt"].clone();
        if is_so(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{last}");
}

fn json_of(received: &Received) -> Value {
    serde_json::from_str(&received.body).expect("JSON")
}

#[tokio::test]
async fn alibaba_pushes_an_array_and_wants_a_number_as_code() {
    let (offline, receiver) = (Offline::start().await, Receiver::start());
    plan(
        &offline,
        json!({"vendor": "aliyun", "url": receiver.url(), "retry_scale": 0.0001}),
    )
    .await;
    // Neither a failure nor a code that is no number is an acknowledgement.
    receiver.then(Some((500, "")));
    receiver.then(Some((200, r#"{"code":"0"}"#)));
    receiver.then(TAKEN);
    let sent = aliyun::send_code(&offline, "13800138000", "n1", "our-id").await;
    let pushes = arrived(&receiver, 3).await;
    assert_eq!(pushes[0].body, pushes[2].body);
    assert_eq!(
        json_of(&pushes[0]),
        json!([{
            "phone_number": "13800138000", "send_time": "2026-01-01 08:00:00",
            "report_time": "2026-01-01 08:00:00", "success": true, "err_code": "DELIVERED",
            "err_msg": "用户接收成功", "sms_size": "1", "biz_id": sent["BizId"], "out_id": "our-id",
        }])
    );
    let receipt = receipt(&offline, "13800138000", |it| it["acknowledged"] == true).await;
    let statuses: Vec<_> = receipt["pushes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|push| &push["status"])
        .collect();
    assert_eq!(statuses, [500, 200, 200]);
    assert_eq!(receipt["outcome"], "delivered");
}

#[tokio::test]
async fn a_plan_of_retries_has_an_end() {
    let (offline, receiver) = (Offline::start().await, Receiver::start());
    for vendor in ["aliyun", "tencent"] {
        plan(
            &offline,
            json!({"vendor": vendor, "url": receiver.url(), "retry_scale": 0}),
        )
        .await;
    }
    aliyun::send_code(&offline, "13800138000", "n1", "").await;
    arrived(&receiver, 4).await;
    tencent::send_code(&offline, "13800138001", "123456").await;
    arrived(&receiver, 3).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(receiver.take().is_empty());
    let receipt = receipt(&offline, "13800138001", |it| it["pushes"][2].is_object()).await;
    assert_eq!(receipt["acknowledged"], false);
}

#[tokio::test]
async fn a_message_abroad_has_alibabas_other_shape() {
    let (offline, receiver) = (Offline::start().await, Receiver::start());
    plan(
        &offline,
        json!({"vendor": "aliyun", "url": receiver.url(), "outcome": "failed"}),
    )
    .await;
    receiver.then(TAKEN);
    aliyun::send_code(&offline, "85298765432", "n1", "our-id").await;
    let report = json_of(&arrived(&receiver, 1).await[0])[0].clone();
    assert_eq!(
        (
            &report["To"],
            &report["Status"],
            &report["ErrorCode"],
            &report["SendDate"]
        ),
        (
            &json!("85298765432"),
            &json!("2"),
            &json!("MOBILE_NOT_ON_SERVICE"),
            &json!("Thu, 1 Jan 2026 08:00:00 +0800")
        )
    );
}

#[tokio::test]
async fn tencent_batches_duplicates_and_turns_the_order() {
    let (offline, receiver) = (Offline::start().await, Receiver::start());
    plan(&offline, json!({
        "vendor": "tencent", "url": receiver.url(), "delay_ms": 300, "outcome": "failed", "code": "MK:0001",
        "duplicates": 1, "batched": true, "out_of_order": true,
    }))
    .await;
    for _ in 0..2 {
        receiver.then(TAKEN);
    }
    let first = tencent::send_code(&offline, "13800138000", "000001").await;
    tencent::send_code(&offline, "13800138001", "000002").await;
    let pushes = arrived(&receiver, 2).await;
    assert_eq!(pushes[0].body, pushes[1].body);
    let reports = json_of(&pushes[0]);
    let numbers: Vec<_> = reports
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(one, "mobile"))
        .collect();
    assert_eq!(numbers, ["13800138001", "13800138000"]);
    assert_eq!(
        reports[1],
        json!({
            "user_receive_time": "2026-01-01 08:00:00", "nationcode": "86", "mobile": "13800138000",
            "report_status": "FAIL", "errmsg": "MK:0001", "description": "用户短信接收失败",
            "sid": first["SendStatusSet"][0]["SerialNo"],
        })
    );
}

#[tokio::test]
async fn volcengine_gives_the_tag_back() {
    let (offline, receiver) = (Offline::start().await, Receiver::start());
    plan(
        &offline,
        json!({"vendor": "volcengine", "url": receiver.url(), "outcome": "failed"}),
    )
    .await;
    let sent = volcengine::send_code(&offline, "13800138000").await;
    let report = json_of(&arrived(&receiver, 1).await[0])[0].clone();
    assert_eq!(report["message_id"], sent["Result"]["MessageID"][0]);
    assert_eq!(
        (&report["ext"], &report["status_code"]),
        (&json!("our-id"), &json!("1"))
    );
    assert_eq!(
        (&report["mobile"], &report["send_time"]),
        (&json!("13800138000"), &json!(1_767_225_600_000_u64))
    );
}

#[tokio::test]
async fn huawei_pushes_a_form_to_the_requests_own_address() {
    let (offline, receiver) = (Offline::start().await, Receiver::start());
    let sent = huawei::send_code(&offline, "+8613800138000", "123456", &receiver.url()).await;
    let push = arrived(&receiver, 1).await.remove(0);
    assert_eq!(push.content_type, "application/x-www-form-urlencoded");
    assert_eq!(push.header("authorization"), "");
    let form = push.form();
    for (name, value) in [
        ("smsMsgId", text(&sent["result"][0], "smsMsgId").as_str()),
        ("status", "DELIVRD"),
        ("to", "+8613800138000"),
        ("extend", "our-id"),
        ("total", "1"),
        ("updateTime", "2026-01-01T00:00:00Z"),
    ] {
        assert!(
            form.contains(&(name.to_owned(), value.to_owned())),
            "{name} in {form:?}"
        );
    }
    // Nothing leaves this machine.
    huawei::send_code(&offline, "+8613800138001", "123456", "http://192.0.2.1/").await;
    assert!(
        offline.inbox("13800138001").await[0]
            .get("receipt")
            .is_none()
    );
}

#[tokio::test]
async fn huawei_signs_where_it_is_told_to() {
    let (offline, receiver) = (Offline::start().await, Receiver::start());
    plan(&offline, json!({"vendor": "huawei", "url": receiver.url(), "signed": true, "batched": true, "delay_ms": 200})).await;
    for phone in ["+8613800138000", "+8613800138001"] {
        huawei::send_code(&offline, phone, "123456", "").await;
    }
    let push = arrived(&receiver, 1).await.remove(0);
    let host = push.header("host");
    let date = push.header("x-sdk-date");
    let canonical = format!(
        "POST\n/push/\nof=menshen\ncontent-type:application/x-www-form-urlencoded\nhost:{host}\nx-sdk-date:{date}\n\ncontent-type;host;x-sdk-date\n{}",
        sha256(push.body.as_bytes())
    );
    let to_sign = format!("SDK-HMAC-SHA256\n{date}\n{}", sha256(canonical.as_bytes()));
    let signature = hex::encode(hmac_chain(defaults::HUAWEI_APP_SECRET, &[&to_sign]));
    assert!(
        push.header("authorization")
            .ends_with(&format!("Signature={signature}"))
    );
    let form = push.form();
    let results: Value = serde_json::from_str(&form[0].1).expect("JSON");
    assert_eq!(
        (form[0].0.as_str(), results.as_array().unwrap().len()),
        ("results", 2)
    );
}

#[tokio::test]
async fn huaweis_sixteenth_message_in_a_minute_is_taken_and_not_delivered() {
    let (offline, receiver) = (Offline::start().await, Receiver::start());
    plan(&offline, json!({"vendor": "huawei", "url": receiver.url()})).await;
    for count in 0..16 {
        let sent = huawei::send_code(&offline, "+8613800138000", &format!("{count:06}"), "").await;
        assert_eq!(sent["code"], "000000");
    }
    arrived(&receiver, 16).await;
    let receipts: Vec<_> = offline.inbox("13800138000").await;
    assert_eq!(receipts[0]["receipt"]["code"], "BEYONDN");
    assert_eq!(receipts[0]["receipt"]["outcome"], "failed");
    assert_eq!(receipts[1]["receipt"]["outcome"], "delivered");
}

#[tokio::test]
async fn twilio_signs_what_it_calls_back() {
    let (offline, receiver) = (Offline::start().await, Receiver::start());
    let sent = twilio::send_code(&offline, "+14155550123", &receiver.url()).await;
    let callbacks = arrived(&receiver, 2).await;
    let status = |callback: &Received| {
        let form = callback.form();
        let found = form
            .iter()
            .find(|(name, _)| name == "MessageStatus")
            .cloned();
        found.expect("a status").1
    };
    assert_eq!(
        [status(&callbacks[0]), status(&callbacks[1])],
        ["sent", "delivered"]
    );
    let mut form = callbacks[1].form();
    assert!(form.contains(&("MessageSid".to_owned(), text(&sent, "sid"))));
    form.sort();
    let pairs = form.iter().map(|(name, value)| format!("{name}{value}"));
    let signed = receiver.url() + &pairs.collect::<String>();
    let key = hmac::Key::new(
        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        defaults::TWILIO_AUTH_TOKEN.as_bytes(),
    );
    let signature = STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
    assert_eq!(callbacks[1].header("x-twilio-signature"), signature);

    plan(&offline, json!({"vendor": "twilio", "outcome": "failed"})).await;
    twilio::send_code(&offline, "+14155550124", &receiver.url()).await;
    let form = arrived(&receiver, 2).await[1].form();
    assert!(form.contains(&("MessageStatus".to_owned(), "undelivered".to_owned())));
    assert!(form.contains(&("ErrorCode".to_owned(), "30003".to_owned())));
}

#[tokio::test]
async fn plans_are_shown_ended_and_checked() {
    let offline = Offline::start().await;
    let url = "http://127.0.0.1:9/";
    for wrong in [
        json!({"vendor": "nobody", "url": url}),
        json!({"vendor": "aliyun"}),
        json!({"vendor": "aliyun", "url": "http://example.com/"}),
        json!({"vendor": "aliyun", "url": url, "delay_ms": 60_001}),
        json!({"vendor": "aliyun", "url": url, "duplicates": 11}),
        json!({"vendor": "aliyun", "url": url, "retry_scale": 2}),
        json!({"vendor": "aliyun", "url": url, "signed": true}),
        json!({"vendor": "twilio", "batched": true}),
        json!({"vendor": "aliyun", "url": url, "outcome": "lost"}),
        json!({"vendor": "aliyun", "urls": url}),
    ] {
        let (status, answer) = offline
            .control(Method::PUT, "/control/sms/receipts", &wrong)
            .await;
        assert_eq!(status, 400, "{wrong}: {answer}");
    }
    plan(&offline, json!({"vendor": "aliyun", "url": url})).await;
    plan(&offline, json!({"vendor": "huawei", "url": url})).await;
    let plans = offline.get_json("/control/sms/receipts", &[]).await;
    assert_eq!(
        (&plans[0]["vendor"], &plans[1]["vendor"]),
        (&json!("aliyun"), &json!("huawei"))
    );
    let end = async |query: &str| {
        let path = format!("/control/sms/receipts{query}");
        offline.control(Method::DELETE, &path, &json!({})).await.1["cleared"].clone()
    };
    assert_eq!(end("?vendor=aliyun").await, 1);
    assert_eq!(end("").await, 1);
    assert_eq!(end("").await, 0);
    aliyun::send_code(&offline, "13800138000", "n1", "").await;
    assert!(
        offline.inbox("13800138000").await[0]
            .get("receipt")
            .is_none()
    );
}
