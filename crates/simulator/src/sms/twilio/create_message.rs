//! `POST …/Messages.json`: checks sender, body and number, and delivers.
//!
//! Source: Twilio, Programmable Messaging, "Message resource".

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::{Value, json};

use super::ACCOUNT;
use super::refusal::Refusal;
use crate::call::Call;
use crate::phone::Phone;
use crate::sms::segments;
use crate::state::{Message, Sending, World};

const LONGEST_BODY: usize = 1600;
/// How many digits in a row a code has.
const CODE_LENGTHS: std::ops::RangeInclusive<usize> = 4..=8;

/// Sends, and answers the message.
///
/// The order of checks: what is missing, sender, body, number, country, cap.
pub(super) fn create(world: &mut World, call: &Call, now: DateTime<Utc>) -> Result<Value, Refusal> {
    let form = call.form();
    let find = |name: &str| {
        let found = form
            .iter()
            .find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    };
    let to = find("To").ok_or_else(|| Refusal::new("21604"))?;
    let text = find("Body").ok_or_else(|| Refusal::new("21602"))?;
    let account = &world.config.twilio;
    let service = find("MessagingServiceSid");
    let from = match (find("From"), service) {
        (Some(from), _) if account.senders.iter().any(|known| known == from) => from,
        (Some(from), _) if from.starts_with('+') => return Err(Refusal::new("21659")),
        (Some(_), _) => return Err(Refusal::new("21606")),
        (None, None) => return Err(Refusal::new("21603")),
        (None, Some(sid)) if account.messaging_services.iter().any(|known| known == sid) => {
            account.senders.first().map_or("", String::as_str)
        }
        (None, Some(_)) => return Err(Refusal::new("21701")),
    };
    if text.chars().count() > LONGEST_BODY {
        return Err(Refusal::new("21617"));
    }
    let phone = Phone::parse(to)
        .filter(|_| to.starts_with('+'))
        .ok_or_else(|| Refusal::new("21211"))?;
    if account.closed_countries.contains(&phone.country_code) {
        return Err(Refusal::new("21408"));
    }
    if let Some(code) = world.sms_accounts.spend("twilio", ACCOUNT, 1, now) {
        return Err(Refusal::new(code));
    }
    let sid = format!("SM{}", world.random.hex(16));
    let message = Message {
        vendor: "twilio",
        phone: phone.e164(),
        text: text.to_owned(),
        code: code_in(text).to_owned(),
        at: now.trunc_subsecs(3),
        receipt: None,
        sending: Sending {
            message_id: sid.clone(),
            sender: from.to_owned(),
            segments: segments::count(text, &phone),
            callback: find("StatusCallback").map(str::to_owned),
            ..Sending::default()
        },
    };
    let account_sid = &account.account_sid;
    let body = json!({
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "body": text,
        "date_created": now.to_rfc2822(),
        "date_sent": null,
        "date_updated": now.to_rfc2822(),
        "direction": "outbound-api",
        "error_code": null,
        "error_message": null,
        "from": from,
        "messaging_service_sid": service,
        "num_media": "0",
        "num_segments": message.sending.segments.to_string(),
        "price": null,
        "price_unit": "USD",
        "sid": sid,
        "status": if service.is_some() { "accepted" } else { "queued" },
        "subresource_uris": {},
        "to": message.phone,
        "uri": format!("/2010-04-01/Accounts/{account_sid}/Messages/{sid}.json"),
    });
    world.deliver(message);
    Ok(body)
}

/// The first run of digits that is as long as a code.
fn code_in(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_digit())
        .find(|digits| CODE_LENGTHS.contains(&digits.len()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_first_run_of_digits_that_is_one() {
        for (text, code) in [
            ("Your code is 048291, good for 10 minutes", "048291"),
            ("[12] 验证码：4829。", "4829"),
            ("123456789 or 1234567", "1234567"),
            ("hello", ""),
            ("", ""),
        ] {
            assert_eq!(code_in(text), code, "{text}");
        }
    }
}
