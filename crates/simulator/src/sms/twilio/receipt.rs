//! Status callbacks, signed with the account's token.
//!
//! Source: Twilio, "track outbound message status" and "webhook security".

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::Method;

use crate::call::percent_encode;
use crate::outgoing::{LoopbackUrl, Outgoing};
use crate::receipts::{Receipt, ReceiptForm};
use crate::state::{Message, World};

pub(super) const RECEIPTS: ReceiptForm = ReceiptForm {
    most_in_one: 1,
    retries: &[],
    codes: ("", "30003"),
    has_callbacks: true,
    write,
    is_acknowledged: |status, _| (200..300).contains(&status),
};

/// First that it was sent, then what became of it.
fn write(
    world: &World,
    url: &LoopbackUrl,
    messages: &[&Message],
    _: DateTime<Utc>,
) -> Vec<Outgoing> {
    let mut callbacks = Vec::new();
    for message in messages {
        let receipt = message.receipt.as_ref();
        let (last, code) = match receipt.filter(|receipt| !receipt.is_delivered()) {
            None => ("delivered", ""),
            Some(Receipt { code, .. }) => ("undelivered", code.as_str()),
        };
        callbacks.push(callback(world, url, message, "sent", ""));
        callbacks.push(callback(world, url, message, last, code));
    }
    callbacks
}

fn callback(
    world: &World,
    url: &LoopbackUrl,
    message: &Message,
    status: &str,
    error: &str,
) -> Outgoing {
    let account = &world.config.twilio;
    let mut parameters = vec![
        ("AccountSid", account.account_sid.as_str()),
        ("ApiVersion", "2010-04-01"),
        ("From", message.sending.sender.as_str()),
        ("MessageSid", message.sending.message_id.as_str()),
        ("MessageStatus", status),
        ("SmsSid", message.sending.message_id.as_str()),
        ("SmsStatus", status),
        ("To", message.phone.as_str()),
    ];
    if !error.is_empty() {
        parameters.insert(2, ("ErrorCode", error));
    }
    let body: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", percent_encode(value)))
        .collect();
    let signature = sign(&account.auth_token, &url.as_string(), &parameters);
    Outgoing {
        method: Method::POST,
        url: url.as_string(),
        headers: vec![
            (
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
            ("x-twilio-signature", signature),
        ],
        body: body.join("&").into_bytes(),
    }
}

/// Base64 of the HMAC-SHA1 of the address and of all parameters in the order of
/// their names.
fn sign(token: &str, url: &str, parameters: &[(&str, &str)]) -> String {
    let mut sorted = parameters.to_vec();
    sorted.sort_unstable();
    let pairs = sorted.iter().flat_map(|(name, value)| [*name, *value]);
    let text: String = std::iter::once(url).chain(pairs).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_signed_as_the_vendors_library_checks_it() {
        let parameters = [
            ("To", "+14155550123"),
            ("AccountSid", "AC00000000000000000000000000000001"),
            ("From", "+14155550100"),
            ("MessageSid", "SM00000000000000000000000000000001"),
            ("MessageStatus", "delivered"),
        ];
        let url = "https://login.example.com/hooks/twilio?tenant=a";
        assert_eq!(
            sign("fake-twilio-auth-token-public-01", url, &parameters),
            "GrISqK8pg1089/5BNIvEMkkoRq4="
        );
    }
}
