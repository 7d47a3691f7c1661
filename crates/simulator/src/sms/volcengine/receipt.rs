//! The push of delivery statuses, which is not signed.
//!
//! Source: Volcengine SMS, "receipt callback". No plan for retries is known.

use chrono::{DateTime, Utc};
use http::Method;
use serde_json::{Value, json};

use crate::outgoing::{LoopbackUrl, Outgoing};
use crate::phone::Phone;
use crate::receipts::{Receipt, ReceiptForm};
use crate::state::{Message, World};

pub(super) const RECEIPTS: ReceiptForm = ReceiptForm {
    most_in_one: 100,
    retries: &[],
    codes: ("0", "1"),
    has_callbacks: false,
    write,
    is_acknowledged: |status, _| status == 200,
};

fn write(_: &World, url: &LoopbackUrl, messages: &[&Message], now: DateTime<Utc>) -> Vec<Outgoing> {
    let reports: Vec<_> = messages
        .iter()
        .map(|message| report(message, now))
        .collect();
    vec![Outgoing {
        method: Method::POST,
        url: url.as_string(),
        headers: vec![("content-type", "application/json".to_owned())],
        body: Value::from(reports).to_string().into_bytes(),
    }]
}

fn report(message: &Message, now: DateTime<Utc>) -> Value {
    let (phone, sending) = (Phone::parse(&message.phone), &message.sending);
    let mobile = phone.as_ref().filter(|phone| phone.is_mainland());
    let receipt = message.receipt.as_ref();
    let delivered = receipt.is_none_or(Receipt::is_delivered);
    json!({
        "account": "fake-volcengine",
        "sub_account": sending.sender,
        "status_code": receipt.map_or("0", |receipt| receipt.code.as_str()),
        "description": if delivered { "发送成功" } else { "发送失败" },
        "signature": sending.sign,
        "template_id": sending.template,
        "mobile": mobile.map_or(message.phone.as_str(), |phone| phone.national.as_str()),
        "channel_type": if mobile.is_some() { "CN_OTP" } else { "I18N_OTP" },
        "message_id": sending.message_id,
        "msg_count": sending.segments,
        "service_id": "",
        "ext": sending.reference,
        "send_time": message.at.timestamp_millis(),
        "recv_time": now.timestamp_millis(),
        "mccmnc": "",
        "iso_code": phone.as_ref().and_then(Phone::iso_code).unwrap_or_default(),
    })
}
