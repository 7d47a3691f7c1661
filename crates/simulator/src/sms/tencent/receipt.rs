//! The callback of delivery statuses, which is not signed.
//!
//! Source: Tencent Cloud SMS, "SMS delivery status callback".

use chrono::{DateTime, Utc};
use http::Method;
use serde_json::{Value, json};

use crate::outgoing::{LoopbackUrl, Outgoing};
use crate::phone::Phone;
use crate::receipts::ReceiptForm;
use crate::sms::beijing_time;
use crate::state::{Message, World};

pub(super) const RECEIPTS: ReceiptForm = ReceiptForm {
    most_in_one: 100,
    // Twice more; how long it waits the vendor does not say.
    retries: &[60, 60],
    codes: ("DELIVRD", "UNDELIV"),
    has_callbacks: false,
    write,
    is_acknowledged,
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
    let phone = Phone::parse(&message.phone);
    let (code, number) = phone
        .map(|phone| (phone.country_code, phone.national))
        .unwrap_or_default();
    let receipt = message.receipt.as_ref();
    let delivered = receipt.is_none_or(crate::receipts::Receipt::is_delivered);
    json!({
        "user_receive_time": beijing_time(now),
        "nationcode": code,
        "mobile": number,
        "report_status": if delivered { "SUCCESS" } else { "FAIL" },
        "errmsg": receipt.map_or("DELIVRD", |receipt| receipt.code.as_str()),
        "description": if delivered { "用户短信送达成功" } else { "用户短信接收失败" },
        "sid": message.sending.message_id,
    })
}

/// Status 200 and a `result` of 0.
fn is_acknowledged(status: u16, body: &str) -> bool {
    let body: Option<Value> = serde_json::from_str(body).ok();
    status == 200 && body.is_some_and(|body| body["result"] == 0)
}
