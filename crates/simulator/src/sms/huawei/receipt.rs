//! The push of delivery statuses to `statusCallback`, or to the address of the
//! application; signed only where that was switched on.
//!
//! Source: Huawei Cloud Message & SMS, "receiving status reports". No plan for
//! retries is known.

use chrono::{DateTime, Utc};
use http::Method;
use serde_json::json;

use super::iso_time;
use crate::call::percent_encode;
use crate::outgoing::{LoopbackUrl, Outgoing};
use crate::receipts::{Receipt, ReceiptForm};
use crate::sms::{basic_time, sdk_hmac};
use crate::state::{Message, World};

const FORM: &str = "application/x-www-form-urlencoded";

pub(super) const RECEIPTS: ReceiptForm = ReceiptForm {
    most_in_one: 50,
    retries: &[],
    codes: ("DELIVRD", "UNDELIV"),
    has_callbacks: true,
    write,
    is_acknowledged: |status, _| (200..300).contains(&status),
};

fn write(
    world: &World,
    url: &LoopbackUrl,
    messages: &[&Message],
    now: DateTime<Utc>,
) -> Vec<Outgoing> {
    let form = match messages {
        [message] => single(message, now),
        _ => batch(messages, now),
    };
    let body = form
        .iter()
        .map(|(name, value)| format!("{name}={}", percent_encode(value)))
        .collect::<Vec<_>>()
        .join("&");
    let mut headers = vec![("content-type", FORM.to_owned())];
    let is_signed = world
        .receipts
        .find("huawei")
        .is_some_and(|plan| plan.signed);
    if is_signed {
        let date = basic_time::format(now);
        let account = &world.config.huawei;
        let keys = (account.app_key.as_str(), account.app_secret.as_str());
        let authorization =
            sdk_hmac::sign_post(keys, &url.as_string(), FORM, &date, body.as_bytes());
        headers.push(("x-sdk-date", date));
        headers.push(("authorization", authorization));
    }
    vec![Outgoing {
        method: Method::POST,
        url: url.as_string(),
        headers,
        body: body.into_bytes(),
    }]
}

fn single(message: &Message, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let sending = &message.sending;
    vec![
        ("smsMsgId", sending.message_id.clone()),
        ("status", status(message).to_owned()),
        ("statusDesc", status_text(message).to_owned()),
        ("source", "2".to_owned()),
        ("total", sending.segments.to_string()),
        ("sequence", "1".to_owned()),
        ("updateTime", iso_time(now)),
        ("extend", sending.reference.clone()),
        ("to", message.phone.clone()),
        ("orgCode", status(message).to_owned()),
    ]
}

/// Many in one form, as a JSON array in `results`.
fn batch(messages: &[&Message], now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let reports: Vec<_> = messages
        .iter()
        .map(|message| {
            let members = single(message, now).into_iter();
            let members = members.map(|(name, value)| (name.to_owned(), json!(value)));
            serde_json::Value::Object(members.collect())
        })
        .collect();
    vec![("results", serde_json::Value::from(reports).to_string())]
}

fn status(message: &Message) -> &str {
    let receipt = message.receipt.as_ref();
    receipt.map_or("DELIVRD", |receipt| receipt.code.as_str())
}

fn status_text(message: &Message) -> &'static str {
    if message.receipt.as_ref().is_none_or(Receipt::is_delivered) {
        "Delivered successfully"
    } else {
        "Delivery failed"
    }
}
