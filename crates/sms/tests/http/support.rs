//! Vendors in front of a badly behaved server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::verification::Purpose;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sms_sender::{SentCode, SmsContent, SmsMessage};
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use menshen_sms::{
    Aliyun, AliyunConfig, FailoverSender, Huawei, HuaweiAuth, HuaweiConfig, SmsVendor, Template,
    Templates, Tencent, TencentConfig, Twilio, TwilioConfig, Volcengine, VolcengineConfig, Webhook,
    WebhookConfig,
};

pub(crate) const PHONE: &str = "+8613800138000";
pub(crate) const CODE: &str = "048291";
pub(crate) const KEY_ID: &str = "fake-access-key-id";
pub(crate) const KEY_SECRET: &str = "fake-access-key-secret";
pub(crate) const HOOK_SECRET: &str = "whsec_ZXhhbXBsZS13ZWJob29rLXNlY3JldC0zMi1ieXRlcyE=";
pub(crate) const NOW: i64 = 1_767_225_600;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(NOW, 0).unwrap()
    }
}

/// Bytes that never come twice, and are small.
#[derive(Default)]
pub(crate) struct Counting(AtomicU8);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(Fixed)
}

pub(crate) fn randomness() -> Arc<dyn Randomness> {
    Arc::new(Counting::default())
}

/// A message like any other, with an id of its own.
pub(crate) fn message_to(phone: &str) -> SmsMessage {
    static SENT: AtomicU8 = AtomicU8::new(0);
    let next = SENT.fetch_add(1, Ordering::Relaxed);
    SmsMessage {
        id: SendId::generate(&Counting(AtomicU8::new(next)), Fixed.now()),
        phone: PhoneNumber::parse(phone).unwrap(),
        content: SmsContent::Code(SentCode {
            code: SmsCode::parse(CODE).unwrap(),
            purpose: Purpose::Login,
            expires_in: Duration::from_mins(10),
        }),
    }
}

pub(crate) fn message() -> SmsMessage {
    message_to(PHONE)
}

pub(crate) async fn server(
    handler: impl Fn(&Seen, usize) -> Reaction + Send + Sync + 'static,
) -> MockServer {
    MockServer::start(handler).await.unwrap()
}

pub(crate) async fn always(reaction: Reaction) -> MockServer {
    server(move |_, _| reaction.clone()).await
}

pub(crate) fn aliyun(endpoint: &str) -> Arc<dyn SmsVendor> {
    let config = AliyunConfig {
        endpoint: endpoint.to_owned(),
        access_key_id: KEY_ID.to_owned(),
        access_key_secret: KEY_SECRET.into(),
        sign_name: "门神 演示".to_owned(),
        templates: Templates::only(Template::with_code("SMS_100000001")),
    };
    Arc::new(Aliyun::new(config, clock(), randomness()).unwrap())
}

pub(crate) fn webhook(url: &str) -> Arc<dyn SmsVendor> {
    let config = WebhookConfig {
        url: url.to_owned(),
        secret: HOOK_SECRET.into(),
        notices: false,
    };
    Arc::new(Webhook::new(&config, clock()).unwrap())
}

pub(crate) fn sender(vendors: Vec<Arc<dyn SmsVendor>>) -> FailoverSender {
    FailoverSender::new(vendors, clock(), randomness())
}

/// Alibaba's answer with this code.
pub(crate) fn code(code: &str) -> Reaction {
    code_saying(code, "words")
}

/// Alibaba's answer with this code and this text.
pub(crate) fn code_saying(code: &str, message: &str) -> Reaction {
    Reaction::ok(format!(
        r#"{{"Code":"{code}","Message":"{message}","BizId":"900000000000000001^0","RequestId":"R-1"}}"#
    ))
}

/// Every vendor with an account, at this address and with the same secret.
pub(crate) fn every_vendor(endpoint: &str) -> Vec<Arc<dyn SmsVendor>> {
    let (endpoint, key, id) = (endpoint.to_owned(), KEY_SECRET, KEY_ID.to_owned());
    let templates = Templates::only(Template::with_code("100001"));
    let tencent = TencentConfig {
        endpoint: endpoint.clone(),
        secret_id: id.clone(),
        secret_key: key.into(),
        sdk_app_id: "1400000001".to_owned(),
        sign_name: "门神".to_owned(),
        templates: templates.clone(),
        region: "ap-guangzhou".to_owned(),
    };
    let huawei = |auth| HuaweiConfig {
        endpoint: endpoint.clone(),
        app_key: id.clone(),
        app_secret: key.into(),
        sender: "8800000000001".to_owned(),
        overseas_sender: None,
        notice_sender: None,
        signature: None,
        templates: templates.clone(),
        auth,
        status_callback: Some("https://login.example.com/r/fake-receipt-secret".into()),
    };
    let volcengine = VolcengineConfig {
        endpoint: endpoint.clone(),
        access_key_id: id.clone(),
        secret_access_key: key.into(),
        sms_account: "7a000001".to_owned(),
        notice_sms_account: None,
        sign: "门神".to_owned(),
        templates: templates.clone(),
        region: "cn-north-1".to_owned(),
    };
    let twilio = TwilioConfig {
        endpoint: endpoint.clone(),
        account_sid: "AC00000000000000000000000000000001".to_owned(),
        auth_token: key.into(),
        from: "+14155550100".to_owned(),
        texts: Templates::default(),
        status_callback: Some("https://login.example.com/r/fake-receipt-secret".into()),
    };
    vec![
        aliyun(&endpoint),
        Arc::new(Tencent::new(tencent, clock()).unwrap()),
        Arc::new(Huawei::new(huawei(HuaweiAuth::SdkHmac), clock(), randomness()).unwrap()),
        Arc::new(Huawei::new(huawei(HuaweiAuth::Wsse), clock(), randomness()).unwrap()),
        Arc::new(Volcengine::new(volcengine, clock()).unwrap()),
        Arc::new(Twilio::new(twilio).unwrap()),
        webhook(&endpoint),
    ]
}
