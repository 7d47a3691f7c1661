//! Volcengine's receipts. They are not signed.

use chrono::DateTime;
use menshen_domain::model::sms_delivery::DeliveryReceipt;
use menshen_domain::ports::receipt_reader::{
    Acknowledgement, BadReceipt, ReceiptPush, ReceiptReader,
};

use crate::receipts::{Read, entries, phone, plausible, read_each, taken};

const VENDOR: &str = "volcengine";

/// Reads them.
///
/// Source: Volcengine SMS, "Receipts of messages".
#[derive(Debug, Default, Clone, Copy)]
pub struct VolcengineReceipts;

impl ReceiptReader for VolcengineReceipts {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn read(&self, push: &ReceiptPush<'_>) -> Result<Vec<DeliveryReceipt>, BadReceipt> {
        read_each(&entries(push.body)?, |entry| {
            let (Some(message_id), Some(status)) =
                (entry.word("message_id"), entry.word("status_code"))
            else {
                return Read::Unreadable;
            };
            // Milliseconds, in quotes or not.
            let told = entry.word("recv_time").and_then(|text| text.parse().ok());
            Read::receipt(DeliveryReceipt {
                vendor: VENDOR,
                message_id,
                send: entry.send("ext"),
                phone: entry.text("mobile").and_then(phone),
                delivered: status == "0",
                code: Some(status),
                segments: entry.count("msg_count"),
                reported_at: plausible(
                    told.and_then(DateTime::from_timestamp_millis),
                    push.received_at,
                ),
            })
        })
    }

    fn acknowledge(&self) -> Acknowledgement {
        taken("application/json", "{}")
    }
}
