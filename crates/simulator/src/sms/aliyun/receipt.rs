//! `SmsReport`, the batch push over HTTP, which is not signed.
//!
//! Source: Alibaba Cloud SMS, `SmsReport` and the receipt of messages to other
//! countries.

use chrono::{DateTime, FixedOffset, Utc};
use http::Method;
use serde_json::{Value, json};

use crate::outgoing::{LoopbackUrl, Outgoing};
use crate::receipts::ReceiptForm;
use crate::sms::beijing_time;
use crate::state::{Message, World};

pub(super) const RECEIPTS: ReceiptForm = ReceiptForm {
    most_in_one: 100,
    retries: &[60, 300, 600],
    codes: ("DELIVERED", "MOBILE_NOT_ON_SERVICE"),
    has_callbacks: false,
    write,
    is_acknowledged,
};

/// Messages to other countries have a receipt of another shape, and a push of their own.
fn write(_: &World, url: &LoopbackUrl, messages: &[&Message], now: DateTime<Utc>) -> Vec<Outgoing> {
    let (home, abroad): (Vec<&Message>, Vec<_>) = messages
        .iter()
        .partition(|message| message.phone.starts_with("+86"));
    let push = |reports: Vec<Value>| Outgoing {
        method: Method::POST,
        url: url.as_string(),
        headers: vec![("content-type", "application/json; charset=utf-8".to_owned())],
        body: Value::from(reports).to_string().into_bytes(),
    };
    let home: Vec<_> = home
        .into_iter()
        .map(|message| report(message, now))
        .collect();
    let abroad: Vec<_> = abroad
        .into_iter()
        .map(|message| report_abroad(message, now))
        .collect();
    [home, abroad]
        .into_iter()
        .filter(|reports| !reports.is_empty())
        .map(push)
        .collect()
}

/// Times without a zone, in Beijing's; the size as a string.
fn report(message: &Message, now: DateTime<Utc>) -> Value {
    let (delivered, code) = said(message);
    json!({
        "phone_number": message.phone.trim_start_matches("+86"),
        "send_time": beijing_time(message.at),
        "report_time": beijing_time(now),
        "success": delivered,
        "err_code": code,
        "err_msg": if delivered { "用户接收成功" } else { "用户接收失败" },
        "sms_size": message.sending.segments.to_string(),
        "biz_id": message.sending.message_id,
        "out_id": message.sending.reference,
    })
}

fn report_abroad(message: &Message, now: DateTime<Utc>) -> Value {
    let (delivered, code) = said(message);
    let rfc_2822 = |at: DateTime<Utc>| {
        FixedOffset::east_opt(8 * 3600).map_or_else(
            || at.to_rfc2822(),
            |zone| at.with_timezone(&zone).to_rfc2822(),
        )
    };
    json!({
        "To": message.phone.trim_start_matches('+'),
        "Status": if delivered { "1" } else { "2" },
        "MessageId": message.sending.message_id,
        "SmsSize": message.sending.segments.to_string(),
        "TaskId": message.sending.reference,
        "SendDate": rfc_2822(message.at),
        "ReceiveDate": rfc_2822(now),
        "ErrorCode": code,
    })
}

fn said(message: &Message) -> (bool, &str) {
    let receipt = message.receipt.as_ref();
    receipt.map_or((true, "DELIVERED"), |receipt| {
        (receipt.is_delivered(), receipt.code.as_str())
    })
}

/// Status 200 and a `code` that is a number.
fn is_acknowledged(status: u16, body: &str) -> bool {
    let body: Option<Value> = serde_json::from_str(body).ok();
    status == 200 && body.is_some_and(|body| body["code"].is_number())
}
