//! Delivery receipts: what vendors push about messages that they took.
//!
//! Most are not signed: they are hints, behind an address that nobody can guess.
//! Readers are tolerant of what is new or missing in an entry, and of nothing
//! else.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::sms_delivery::DeliveryReceipt;
use menshen_domain::ports::receipt_reader::{Acknowledgement, BadReceipt};
use serde_json::Value;

use crate::VENDORS;
use crate::transport::word;

/// Whether a failure speaks against the vendor's channel: all that is not known
/// to be the recipient's.
pub(crate) fn blames_channel(vendor: &str, code: &str) -> bool {
    let mut vendors = VENDORS.iter();
    let entry = vendors.find(|entry| entry.name == vendor);
    entry.is_none_or(|entry| !(entry.blames_recipient)(code))
}

/// Carriers' words, which several vendors hand on: the handset was off or out of
/// reach until the message's time was over.
pub(crate) const UNREACHED: &str = "EXPIRED";

/// An answer of status 200.
#[must_use]
pub const fn taken(content_type: &'static str, body: &'static str) -> Acknowledgement {
    Acknowledgement {
        status: 200,
        content_type,
        body,
    }
}

/// One entry of a push, of whatever members.
#[derive(Debug)]
pub struct Entry(pub Value);

impl Entry {
    /// A member that is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A short plain word; numbers are taken for one.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => word(text),
            Value::Number(number) => word(&number.to_string()),
            _ => None,
        }
    }

    /// A count, also one in quotes.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<u32> {
        self.word(name)?.parse().ok()
    }

    /// The id of the message that we gave the vendor to bring back.
    #[must_use]
    pub fn send(&self, name: &str) -> Option<SendId> {
        SendId::parse(self.text(name)?)
    }
}

/// The entries of a JSON array, or the one entry that stands without one.
///
/// # Errors
///
/// [`BadReceipt::Malformed`] for anything else.
pub fn entries(body: &[u8]) -> Result<Vec<Entry>, BadReceipt> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(entries)) => Ok(entries.into_iter().map(Entry).collect()),
        Ok(entry @ Value::Object(_)) => Ok(vec![Entry(entry)]),
        _ => Err(BadReceipt::Malformed),
    }
}

/// Reads each entry; a push of which nothing can be read is not one.
///
/// # Errors
///
/// [`BadReceipt::Malformed`] if nothing can be read.
pub fn read_each(
    entries: &[Entry],
    read: impl Fn(&Entry) -> Read,
) -> Result<Vec<DeliveryReceipt>, BadReceipt> {
    let mut receipts = Vec::with_capacity(entries.len());
    let mut readable = entries.is_empty();
    for entry in entries {
        match read(entry) {
            Read::Receipt(receipt) => receipts.push(*receipt),
            Read::OnTheWay => {}
            Read::Unreadable => continue,
        }
        readable = true;
    }
    readable.then_some(receipts).ok_or(BadReceipt::Malformed)
}

/// What one entry is.
#[derive(Debug)]
pub enum Read {
    /// The last word about a message.
    Receipt(Box<DeliveryReceipt>),
    /// A step before it.
    OnTheWay,
    /// It names no message.
    Unreadable,
}

impl Read {
    /// The last word about a message.
    #[must_use]
    pub fn receipt(receipt: DeliveryReceipt) -> Self {
        Self::Receipt(Box::new(receipt))
    }
}

/// A number as vendors write it: with country code but perhaps without `+`.
#[must_use]
pub fn phone(raw: &str) -> Option<PhoneNumber> {
    let parsed = PhoneNumber::parse(raw).or_else(|_| PhoneNumber::parse(&format!("+{raw}")));
    parsed.ok()
}

/// A time of Beijing without its zone, `2026-01-01 08:00:03`.
#[must_use]
pub fn beijing(text: &str) -> Option<DateTime<Utc>> {
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    time.and_utc().checked_sub_signed(TimeDelta::hours(8))
}

/// What the vendor's clock says, unless that cannot be: carriers report within
/// days, and not from the future.
#[must_use]
pub fn plausible(told: Option<DateTime<Utc>>, received: DateTime<Utc>) -> DateTime<Utc> {
    let since = |told: &DateTime<Utc>| received.signed_duration_since(*told);
    let possible = |told: &DateTime<Utc>| {
        (TimeDelta::minutes(-15)..=TimeDelta::days(7)).contains(&since(told))
    };
    told.filter(possible).unwrap_or(received)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_beijing_become_utc() {
        let time = beijing("2026-01-01 08:00:03").unwrap();
        assert_eq!(time.to_rfc3339(), "2026-01-01T00:00:03+00:00");
        assert_eq!(beijing("2026-01-01T08:00:03Z"), None);
    }

    #[test]
    fn a_clock_that_cannot_be_right_is_not_believed() {
        let now = beijing("2026-01-05 08:00:00").unwrap();
        for (told, believed) in [
            ("2026-01-05 07:59:00", true),
            ("2026-01-05 08:10:00", true),
            ("2026-01-05 09:00:00", false),
            ("2025-12-01 00:00:00", false),
        ] {
            let told = beijing(told);
            assert_eq!(Some(plausible(told, now)) == told, believed, "{told:?}");
        }
        assert_eq!(plausible(None, now), now);
    }

    #[test]
    fn numbers_come_in_several_forms() {
        for (raw, e164) in [
            ("13800138000", "+8613800138000"),
            ("8613800138000", "+8613800138000"),
            ("85251234567", "+85251234567"),
            ("+85251234567", "+85251234567"),
        ] {
            assert_eq!(phone(raw).unwrap().as_e164(), e164);
        }
        assert_eq!(phone("nobody"), None);
    }
}
