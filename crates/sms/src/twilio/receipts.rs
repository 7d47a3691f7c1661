//! Twilio's status callbacks, which are signed.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use menshen_domain::model::sms_delivery::DeliveryReceipt;
use menshen_domain::ports::receipt_reader::{
    Acknowledgement, BadReceipt, ReceiptPush, ReceiptReader,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::form_urlencoded;

use crate::receipts::{Entry, Read, phone, read_each, taken};

const VENDOR: &str = "twilio";

/// Reads them. `Debug` shows no secret.
///
/// Source: Twilio, "Message status callbacks" and "Webhooks security".
#[derive(Debug, Clone)]
pub struct TwilioReceipts {
    /// The account's token, which signs even where an API key sends.
    pub auth_token: SecretString,
}

impl ReceiptReader for TwilioReceipts {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn read(&self, push: &ReceiptPush<'_>) -> Result<Vec<DeliveryReceipt>, BadReceipt> {
        let members: Vec<(String, String)> = form_urlencoded::parse(push.body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        // What cannot be checked is not taken: the address must be known.
        let url = push.url.ok_or(BadReceipt::Forged)?;
        let signature = push.header("x-twilio-signature");
        let signature = signature.ok_or(BadReceipt::Forged)?;
        self.verify(url, &members, signature)
            .ok_or(BadReceipt::Forged)?;
        let members = members
            .into_iter()
            .map(|(name, value)| (name, value.into()));
        let entry = Entry(Value::Object(members.collect()));
        read_each(&[entry], |entry| {
            let (Some(message_id), Some(status)) =
                (entry.word("MessageSid"), entry.text("MessageStatus"))
            else {
                return Read::Unreadable;
            };
            let delivered = match status {
                "delivered" | "read" => true,
                "undelivered" | "failed" | "canceled" => false,
                _ => return Read::OnTheWay,
            };
            Read::receipt(DeliveryReceipt {
                vendor: VENDOR,
                message_id,
                send: None,
                phone: entry.text("To").and_then(phone),
                delivered,
                code: entry.word("ErrorCode"),
                segments: None,
                reported_at: push.received_at,
            })
        })
    }

    fn acknowledge(&self) -> Acknowledgement {
        taken("text/plain", "")
    }
}

impl TwilioReceipts {
    /// `Some` if the signature is over this address, as it was told to Twilio,
    /// and all members in the order of their names.
    fn verify(&self, url: &str, members: &[(String, String)], signature: &str) -> Option<()> {
        let mut sorted: Vec<&(String, String)> = members.iter().collect();
        sorted.sort_unstable();
        let mut text = url.to_owned();
        for (name, value) in sorted {
            text.push_str(name);
            text.push_str(value);
        }
        let token = self.auth_token.expose_secret().as_bytes();
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token);
        let signature = BASE64_STANDARD.decode(signature).ok()?;
        hmac::verify(&key, text.as_bytes(), &signature).ok()
    }
}

/// Handsets out of reach, numbers that are blocked, unknown or landlines.
///
/// Source: general knowledge of Twilio's "Error and Warning Dictionary".
pub(super) fn blames_recipient(code: &str) -> bool {
    matches!(
        code,
        "30003" | "30004" | "30005" | "30006" | "21610" | "21614"
    )
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    const URL: &str = "https://login.example.com/hooks/twilio?tenant=a";
    const BODY: &str = "AccountSid=AC00000000000000000000000000000001&From=%2B14155550100&MessageSid=SM00000000000000000000000000000001&MessageStatus=delivered&To=%2B14155550123";
    const SIGNATURE: &str = "GrISqK8pg1089/5BNIvEMkkoRq4=";

    fn read(url: Option<&str>, body: &str, signature: &str) -> Result<usize, BadReceipt> {
        let reader = TwilioReceipts {
            auth_token: "fake-twilio-auth-token-public-01".into(),
        };
        let push = ReceiptPush {
            url,
            headers: &[("x-twilio-signature", signature)],
            body: body.as_bytes(),
            received_at: DateTime::UNIX_EPOCH,
        };
        reader.read(&push).map(|receipts| receipts.len())
    }

    #[test]
    fn the_worked_example_is_taken() {
        assert_eq!(read(Some(URL), BODY, SIGNATURE), Ok(1));
    }

    #[test]
    fn what_was_changed_or_cannot_be_checked_is_forged() {
        let forged = Err(BadReceipt::Forged);
        let failed = BODY.replace("delivered", "failed");
        assert_eq!(read(Some(URL), &failed, SIGNATURE), forged);
        assert_eq!(read(None, BODY, SIGNATURE), forged);
        assert_eq!(read(Some(URL), BODY, "%%%"), forged);
        assert_eq!(read(Some(URL), BODY, ""), forged);
        let elsewhere = URL.replace("https", "http");
        assert_eq!(read(Some(&elsewhere), BODY, SIGNATURE), forged);
    }
}
