//! Alibaba Cloud's receipts: `SmsReport` for the mainland, another shape for
//! overseas. They are not signed.

use chrono::{DateTime, Utc};
use menshen_domain::model::sms_delivery::DeliveryReceipt;
use menshen_domain::ports::receipt_reader::{
    Acknowledgement, BadReceipt, ReceiptPush, ReceiptReader,
};

use crate::receipts::{Entry, Read, beijing, entries, phone, plausible, read_each, taken};

const VENDOR: &str = "aliyun";

/// Reads both shapes.
///
/// Source: Alibaba Cloud Dysmsapi, `SmsReport`; for overseas `GlobeSmsReport`,
/// of whose `Status` only 1 is taken for delivered.
#[derive(Debug, Default, Clone, Copy)]
pub struct AliyunReceipts;

impl ReceiptReader for AliyunReceipts {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn read(&self, push: &ReceiptPush<'_>) -> Result<Vec<DeliveryReceipt>, BadReceipt> {
        let received = push.received_at;
        read_each(&entries(push.body)?, |entry| {
            let receipt = mainland(entry, received).or_else(|| overseas(entry, received));
            receipt.map_or(Read::Unreadable, Read::receipt)
        })
    }

    fn acknowledge(&self) -> Acknowledgement {
        taken("application/json", r#"{"code":0,"msg":"OK"}"#)
    }
}

fn mainland(entry: &Entry, received: DateTime<Utc>) -> Option<DeliveryReceipt> {
    Some(DeliveryReceipt {
        vendor: VENDOR,
        message_id: entry.word("biz_id")?,
        send: entry.send("out_id"),
        phone: entry.text("phone_number").and_then(phone),
        delivered: entry.0.get("success")?.as_bool()?,
        code: entry.word("err_code"),
        segments: entry.count("sms_size"),
        reported_at: plausible(entry.text("report_time").and_then(beijing), received),
    })
}

fn overseas(entry: &Entry, received: DateTime<Utc>) -> Option<DeliveryReceipt> {
    let told = entry.text("ReceiveDate").and_then(|text| {
        let time = DateTime::parse_from_rfc2822(text).ok()?;
        Some(time.to_utc())
    });
    Some(DeliveryReceipt {
        vendor: VENDOR,
        message_id: entry.word("MessageId")?,
        send: None,
        phone: entry.word("To").and_then(|raw| phone(&raw)),
        delivered: entry.count("Status")? == 1,
        code: entry.word("ErrorCode"),
        segments: entry.count("SmsSize"),
        reported_at: plausible(told, received),
    })
}

/// Handsets, carriers' limits per number and block lists.
pub(super) fn blames_recipient(code: &str) -> bool {
    // `MOBLLE_TERMINAL_ERROR` is spelt so.
    ["MOBILE_", "MOBLLE_"]
        .iter()
        .any(|family| code.starts_with(family))
        || matches!(code, "USER_REJECT" | "INVALID_NUMBER")
}
