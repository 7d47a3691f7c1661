//! Word that a number was lost: no code in it, by its own text only, and no harm to
//! the codes of others.

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::sms_message::MessagePurpose;
use menshen_domain::ports::sms_sender::{
    SmsContent, SmsDelivery, SmsMessage, SmsSendError as E, SmsSender as _,
};
use menshen_outbound::mock::{Reaction, Seen};
use menshen_sms::{
    Aliyun, AliyunConfig, Huawei, HuaweiAuth, HuaweiConfig, Meant, SmsVendor, Template, Templates,
    Tencent, TencentConfig, Twilio, TwilioConfig, VendorConfigError, Volcengine, VolcengineConfig,
    Webhook, WebhookConfig,
};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::support::{
    CODE, HOOK_SECRET, KEY_ID, KEY_SECRET, always, clock, code, every_vendor, message, message_to,
    randomness, sender, server,
};

/// Word that the number was lost.
pub(crate) fn notice() -> SmsMessage {
    SmsMessage {
        content: SmsContent::NumberNotice,
        ..message()
    }
}

/// Alibaba with a text for codes and one for notices.
fn aliyun_with_notices(endpoint: &str) -> Arc<dyn SmsVendor> {
    let texts = [
        (Meant::default(), Template::with_code("SMS_100000001")),
        (Meant::NOTICES, Template::for_notices("SMS_100000003")),
    ];
    let config = AliyunConfig {
        endpoint: endpoint.to_owned(),
        access_key_id: KEY_ID.to_owned(),
        access_key_secret: KEY_SECRET.into(),
        sign_name: "门神".to_owned(),
        templates: Templates::new(texts.into()).unwrap(),
    };
    Arc::new(Aliyun::new(config, clock(), randomness()).unwrap())
}

fn webhook_with_notices(url: &str) -> Arc<dyn SmsVendor> {
    let config = WebhookConfig {
        url: url.to_owned(),
        secret: HOOK_SECRET.into(),
        notices: true,
    };
    Arc::new(Webhook::new(&config, clock()).unwrap())
}

fn twilio(texts: Templates) -> Result<Twilio, VendorConfigError> {
    Twilio::new(TwilioConfig {
        endpoint: "http://127.0.0.1:1".to_owned(),
        account_sid: "AC00000000000000000000000000000001".to_owned(),
        auth_token: KEY_SECRET.into(),
        from: "+14155550100".to_owned(),
        texts,
        status_callback: None,
    })
}

/// As they stand in the settings of whoever knows nothing of notices.
#[tokio::test]
async fn a_vendor_without_a_text_for_it_is_not_asked() {
    let nobody = always(Reaction::ok("{}")).await;
    let sender = sender(every_vendor(&nobody.url()));
    assert!(!sender.has_channel(&notice()));
    assert!(sender.has_channel(&message()));
    let refused = sender.send(&notice()).await;
    assert!(matches!(refused.verdict, Err(E::Misconfigured(_))));
    assert!(refused.attempts.is_empty() && nobody.seen().is_empty());
}

#[tokio::test]
async fn the_next_vendor_with_a_text_takes_it() {
    let (first, second) = (always(code("OK")).await, always(Reaction::ok("")).await);
    let mut vendors = every_vendor(&first.url());
    vendors.push(webhook_with_notices(&second.url()));
    let sender = sender(vendors);
    assert!(sender.has_channel(&notice()));
    let sent = sender.send(&notice()).await.verdict.unwrap();
    assert_eq!(sent, SmsDelivery::Accepted { vendor: "webhook" });
    assert!(first.seen().is_empty());
    let told = r#"{"phone":"+8613800138000","purpose":"number_notice"}"#;
    assert_eq!(second.seen().remove(0).text(), told);
}

#[tokio::test]
async fn a_text_without_variables_is_sent_without_values() {
    let vendor = always(code("OK")).await;
    let sender = sender(vec![aliyun_with_notices(&vendor.url())]);
    sender.send(&notice()).await.verdict.unwrap();
    let seen = vendor.seen().remove(0);
    assert!(seen.query().contains("TemplateCode=SMS_100000003"));
    assert!(!seen.query().contains("TemplateParam"));
    assert!(!seen.query().contains(CODE));
}

/// What is wrong with the text of a notice is nothing that codes should wait for.
#[tokio::test]
async fn a_refused_notice_does_not_close_the_way_of_codes() {
    let vendor = server(|seen, _| {
        if seen.query().contains("SMS_100000003") {
            code("isv.SMS_TEMPLATE_ILLEGAL")
        } else {
            code("OK")
        }
    })
    .await;
    let standby = always(Reaction::ok("")).await;
    let sender = sender(vec![
        aliyun_with_notices(&vendor.url()),
        webhook_with_notices(&standby.url()),
    ]);
    let told = sender.send(&notice()).await.verdict.unwrap();
    assert_eq!(told, SmsDelivery::Accepted { vendor: "webhook" });
    let sent = sender.send(&message()).await.verdict.unwrap();
    assert_eq!(sent, SmsDelivery::Accepted { vendor: "aliyun" });
}

/// A vendor that is down is down for both.
#[tokio::test]
async fn a_vendor_that_fails_at_notices_rests_as_for_codes() {
    let vendor = always(Reaction::status(502, "")).await;
    let sender = sender(vec![aliyun_with_notices(&vendor.url())]);
    for _ in 0..5 {
        let failed = sender.send(&notice()).await.verdict;
        assert!(matches!(failed, Err(E::Unavailable { .. })));
    }
    let asked = vendor.seen().len();
    sender.send(&message()).await.verdict.unwrap_err();
    assert_eq!(vendor.seen().len(), asked, "it is left alone");
}

#[test]
fn free_text_is_no_notice_unless_the_operator_wrote_one() {
    let vendor = twilio(Templates::default()).unwrap();
    assert_eq!(vendor.serves(&notice()), menshen_sms::Serves::Never);
    assert_ne!(vendor.serves(&message()), menshen_sms::Serves::Never);
    let text =
        |id: &str| Templates::new(vec![(Meant::NOTICES, Template::for_notices(id))]).unwrap();
    let vendor = twilio(text("Not you? Contact us.")).unwrap();
    assert_ne!(vendor.serves(&notice()), menshen_sms::Serves::Never);
    let refused = twilio(text("Your code is {code}")).err();
    assert!(matches!(refused, Some(VendorConfigError::Text(_))));
    assert_eq!(notice().purpose(), MessagePurpose::NumberNotice);
}

fn texts() -> Templates {
    let texts = [
        (Meant::default(), Template::with_code("100001")),
        (Meant::NOTICES, Template::for_notices("100003")),
    ];
    Templates::new(texts.into()).unwrap()
}

fn tencent(endpoint: &str) -> Tencent {
    let config = TencentConfig {
        endpoint: endpoint.to_owned(),
        secret_id: KEY_ID.to_owned(),
        secret_key: KEY_SECRET.into(),
        sdk_app_id: "1400000001".to_owned(),
        sign_name: "门神".to_owned(),
        templates: texts(),
        region: "ap-guangzhou".to_owned(),
    };
    Tencent::new(config, clock()).unwrap()
}

fn huawei(endpoint: &str, notice_sender: Option<&str>) -> Huawei {
    let config = HuaweiConfig {
        endpoint: endpoint.to_owned(),
        app_key: KEY_ID.to_owned(),
        app_secret: KEY_SECRET.into(),
        sender: "8800000000001".to_owned(),
        overseas_sender: Some("isms0000000001".to_owned()),
        notice_sender: notice_sender.map(str::to_owned),
        signature: None,
        templates: texts(),
        auth: HuaweiAuth::SdkHmac,
        status_callback: None,
    };
    Huawei::new(config, clock(), randomness()).unwrap()
}

fn volcengine(endpoint: &str, notice_sms_account: Option<&str>) -> Volcengine {
    let config = VolcengineConfig {
        endpoint: endpoint.to_owned(),
        access_key_id: KEY_ID.to_owned(),
        secret_access_key: KEY_SECRET.into(),
        sms_account: "7a000001".to_owned(),
        notice_sms_account: notice_sms_account.map(str::to_owned),
        sign: "门神".to_owned(),
        templates: texts(),
        region: "cn-north-1".to_owned(),
    };
    Volcengine::new(config, clock()).unwrap()
}

/// The body of what a vendor is sent for this message.
async fn asked(vendor: impl SmsVendor, seen: impl Fn() -> Vec<Seen>, message: &SmsMessage) -> Json {
    let deadline = Instant::now() + Duration::from_secs(3);
    vendor.attempt(message, deadline).await;
    serde_json::from_str(&seen().pop().unwrap().text()).unwrap()
}

/// Who sends one type of message from each channel or group sends notices from theirs;
/// without an own one from the one there is.
#[tokio::test]
async fn notices_go_by_their_own_channel_and_group_and_codes_do_not() {
    let server = always(Reaction::status(502, "")).await;
    let (url, seen) = (server.url(), || server.seen());
    let here = "8800000000001";
    for (own, message, expected) in [
        (None, notice(), here),
        (Some("8800000000002"), notice(), "8800000000002"),
        (Some("8800000000002"), message(), here),
        (
            Some("8800000000002"),
            message_to("+85251234567"),
            "isms0000000001",
        ),
    ] {
        let body = asked(huawei(&url, own), seen, &message).await;
        assert_eq!(body["from"], expected, "{own:?} {message:?}");
    }
    for (own, message, expected) in [
        (None, notice(), "7a000001"),
        (Some("7a000002"), notice(), "7a000002"),
        (Some("7a000002"), message(), "7a000001"),
    ] {
        let body = asked(volcengine(&url, own), seen, &message).await;
        assert_eq!(body["SmsAccount"], expected, "{own:?} {message:?}");
    }
}

/// By the text of notices, and without any list of values.
#[tokio::test]
async fn bodies_of_notices_name_their_text_and_no_values() {
    let server = always(Reaction::status(502, "")).await;
    let (url, seen) = (server.url(), || server.seen());
    let content = |body: &Json| body["smsContent"][0].clone();
    let tencent = asked(tencent(&url), seen, &notice()).await;
    let huawei = content(&asked(huawei(&url, None), seen, &notice()).await);
    let volcengine = asked(volcengine(&url, None), seen, &notice()).await;
    for (body, template, values) in [
        (&tencent, "TemplateId", "TemplateParamSet"),
        (&huawei, "templateId", "templateParas"),
        (&volcengine, "TemplateID", "TemplateParam"),
    ] {
        assert_eq!(body[template], "100003");
        assert!(body.get(values).is_none(), "{body}");
        assert!(!body.to_string().contains(CODE), "{body}");
    }
}
