//! Huawei Cloud's receipts: a form for one, JSON for several. They are signed
//! where the application has a key for pushes.

use chrono::{DateTime, NaiveDateTime, Utc};
use menshen_domain::model::sms_delivery::DeliveryReceipt;
use menshen_domain::ports::receipt_reader::{
    Acknowledgement, BadReceipt, ReceiptPush, ReceiptReader,
};
use menshen_outbound::Url;
use secrecy::SecretString;
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

use crate::canonical::{SignedParts, hex_sha256};
use crate::huawei::sdk_hmac;
use crate::receipts::{Entry, Read, UNREACHED, phone, plausible, read_each, taken};

const VENDOR: &str = "huawei";
/// How far the time of a signature may be off.
const TOLERANCE_SECONDS: u64 = 15 * 60;
/// In place of the hash of a body that is not covered.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// The key that the application signs its pushes with. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct HuaweiPushKey {
    /// The key's name.
    pub key: String,
    /// The key.
    pub secret: SecretString,
}

/// Reads both forms.
///
/// Source: Huawei Cloud Message & SMS, "Receiving status reports", "Receiving
/// status reports in batches" and "Push AK/SK authentication".
#[derive(Debug, Default, Clone)]
pub struct HuaweiReceipts {
    /// With it every push must be signed.
    pub push_key: Option<HuaweiPushKey>,
}

impl ReceiptReader for HuaweiReceipts {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn read(&self, push: &ReceiptPush<'_>) -> Result<Vec<DeliveryReceipt>, BadReceipt> {
        if let Some(key) = &self.push_key {
            verify(push, key).ok_or(BadReceipt::Forged)?;
        }
        let entries = entries(push.body)?;
        read_each(&entries, |entry| read(entry, push.received_at))
    }

    fn acknowledge(&self) -> Acknowledgement {
        taken("text/plain", "")
    }
}

/// The list in JSON, or the one form.
fn entries(body: &[u8]) -> Result<Vec<Entry>, BadReceipt> {
    if let Ok(mut batch) = serde_json::from_slice::<Value>(body) {
        let list = batch.get_mut("statusReportList").map(Value::take);
        return match list {
            Some(Value::Array(entries)) => Ok(entries.into_iter().map(Entry).collect()),
            _ => Err(BadReceipt::Malformed),
        };
    }
    let members = form_urlencoded::parse(body);
    let members = members.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
    Ok(vec![Entry(Value::Object(members.collect()))])
}

fn read(entry: &Entry, received: DateTime<Utc>) -> Read {
    let (Some(message_id), Some(status)) = (entry.word("smsMsgId"), entry.word("status")) else {
        return Read::Unreadable;
    };
    // Taken by the carrier, or not known yet.
    if matches!(status.as_str(), "ACCEPTD" | "UNKNOWN" | "ENROUTE") {
        return Read::OnTheWay;
    }
    let told = entry.text("updateTime").and_then(|text| {
        let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ");
        Some(time.ok()?.and_utc())
    });
    Read::receipt(DeliveryReceipt {
        vendor: VENDOR,
        message_id,
        send: entry.send("extend"),
        phone: entry.text("to").and_then(phone),
        delivered: status == "DELIVRD",
        code: Some(status),
        segments: entry.count("total"),
        reported_at: plausible(told, received),
    })
}

/// `Some` if the push is signed as the vendor's own requests are.
fn verify(push: &ReceiptPush<'_>, key: &HuaweiPushKey) -> Option<()> {
    let authorization = push.header("authorization")?;
    let date = push.header("x-sdk-date")?;
    let at = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").ok()?;
    let off = push.received_at.signed_duration_since(at.and_utc());
    if off.num_seconds().unsigned_abs() > TOLERANCE_SECONDS {
        return None;
    }
    let (_, rest) = authorization.split_once("SignedHeaders=")?;
    let names: Vec<&str> = rest.split(',').next()?.split(';').collect();
    if !names.contains(&"x-sdk-date") {
        return None;
    }
    let headers: Option<Vec<(&str, &str)>> = names
        .iter()
        .map(|name| Some((*name, push.header(name)?)))
        .collect();
    let url = Url::parse(push.url?).ok()?;
    let hash = hex_sha256(push.body);
    let parts = SignedParts {
        method: "POST",
        canonical_uri: url.path(),
        query: &[],
        headers: &headers?,
        payload: match push.header("x-sdk-content-sha256") {
            Some(UNSIGNED) => UNSIGNED,
            _ => &hash,
        },
    };
    let expected = sdk_hmac::sign(&parts, date, &key.key, &key.secret).authorization;
    let equal = expected.as_bytes().ct_eq(authorization.as_bytes());
    bool::from(equal).then_some(())
}

/// Handsets, limits per number, block lists and opt-outs.
pub(super) fn blames_recipient(code: &str) -> bool {
    matches!(
        code,
        UNREACHED | "REJECTD" | "BLACK" | "MBBLACK" | "LIMIT" | "MILIMIT"
    ) || code.starts_with("BEYOND")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::basic_date;

    const BODY: &[u8] = b"smsMsgId=a-1_1&status=DELIVRD";
    const URL: &str = "https://login.example.com/v1/sms/receipts/huawei/s";

    fn reader() -> HuaweiReceipts {
        HuaweiReceipts {
            push_key: Some(HuaweiPushKey {
                key: "push-key".to_owned(),
                secret: "push-secret".into(),
            }),
        }
    }

    fn signed(body: &[u8], date: &str, secret: &str) -> String {
        let parts = SignedParts {
            method: "POST",
            canonical_uri: "/v1/sms/receipts/huawei/s",
            query: &[],
            headers: &[("host", "login.example.com"), ("x-sdk-date", date)],
            payload: &hex_sha256(body),
        };
        sdk_hmac::sign(&parts, date, "push-key", &secret.into()).authorization
    }

    fn outcome(
        authorization: Option<&str>,
        date: &str,
        url: Option<&str>,
    ) -> Result<usize, BadReceipt> {
        let mut headers = vec![("host", "login.example.com"), ("x-sdk-date", date)];
        headers.extend(authorization.map(|value| ("authorization", value)));
        let push = ReceiptPush {
            url,
            headers: &headers,
            body: BODY,
            received_at: DateTime::from_timestamp(1_767_225_600, 0).unwrap(),
        };
        reader().read(&push).map(|receipts| receipts.len())
    }

    #[test]
    fn with_a_key_only_signed_pushes_are_taken() {
        let date = "20260101T000000Z";
        let good = signed(BODY, date, "push-secret");
        assert_eq!(outcome(Some(&good), date, Some(URL)), Ok(1));
        let forged = Err(BadReceipt::Forged);
        assert_eq!(outcome(None, date, Some(URL)), forged);
        assert_eq!(outcome(Some(&good), date, None), forged);
        let other = signed(BODY, date, "other");
        assert_eq!(outcome(Some(&other), date, Some(URL)), forged);
        let changed = signed(b"smsMsgId=a-1_1&status=BLACK", date, "push-secret");
        assert_eq!(outcome(Some(&changed), date, Some(URL)), forged);
        let stale = basic_date(DateTime::from_timestamp(1_767_225_600 - 901, 0).unwrap());
        let late = signed(BODY, &stale, "push-secret");
        assert_eq!(outcome(Some(&late), &stale, Some(URL)), forged);
        assert_eq!(outcome(Some("SDK-HMAC-SHA256"), date, Some(URL)), forged);
    }
}
