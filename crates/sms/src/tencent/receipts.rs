//! Tencent Cloud's receipts. They are not signed.

use menshen_domain::model::sms_delivery::DeliveryReceipt;
use menshen_domain::ports::receipt_reader::{
    Acknowledgement, BadReceipt, ReceiptPush, ReceiptReader,
};

use crate::receipts::{Read, UNREACHED, beijing, entries, phone, plausible, read_each, taken};

const VENDOR: &str = "tencent";

/// Reads them.
///
/// Source: Tencent Cloud SMS, "SMS delivery status notification".
#[derive(Debug, Default, Clone, Copy)]
pub struct TencentReceipts;

impl ReceiptReader for TencentReceipts {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn read(&self, push: &ReceiptPush<'_>) -> Result<Vec<DeliveryReceipt>, BadReceipt> {
        read_each(&entries(push.body)?, |entry| {
            let (Some(message_id), Some(status)) = (entry.word("sid"), entry.text("report_status"))
            else {
                return Read::Unreadable;
            };
            let told = entry.text("user_receive_time").and_then(beijing);
            let number = entry.word("nationcode").zip(entry.word("mobile"));
            Read::receipt(DeliveryReceipt {
                vendor: VENDOR,
                message_id,
                // Brought back only for those who asked the vendor for it.
                send: entry.send("ext"),
                phone: number.and_then(|(country, number)| phone(&format!("+{country}{number}"))),
                delivered: status == "SUCCESS",
                code: entry.word("errmsg"),
                segments: None,
                reported_at: plausible(told, push.received_at),
            })
        })
    }

    fn acknowledge(&self) -> Acknowledgement {
        taken("application/json", r#"{"result":0,"errmsg":"OK"}"#)
    }
}

/// The vendor hands on the carriers' words, of which few are documented.
pub(super) fn blames_recipient(code: &str) -> bool {
    code == UNREACHED
}
