//! How often one number may be written to.
//!
//! Source: Huawei Cloud Message & SMS, sending limits: 15 a minute and 50 in 24
//! hours to one number; the same text twice in 59 seconds and five times in 59
//! minutes.

use chrono::{DateTime, TimeDelta, Utc};

use crate::phone::Phone;
use crate::state::{Send, SendLog};

const VENDOR: &str = "huawei";

/// Whether the number had this very text too often already.
pub(super) fn is_repeated(log: &SendLog, phone: &Phone, text: &str, now: DateTime<Utc>) -> bool {
    let this = Send::new(now, text);
    let within = |span: TimeDelta| {
        log.count(VENDOR, &phone.e164(), |send| {
            now - send.at < span && send.fingerprint == this.fingerprint
        })
    };
    within(TimeDelta::seconds(59)) >= 2 || within(TimeDelta::minutes(59)) >= 5
}

/// Whether the number had too much of anything already.
pub(super) fn is_too_often(log: &SendLog, phone: &Phone, now: DateTime<Utc>) -> bool {
    let within = |span: TimeDelta| log.count(VENDOR, &phone.e164(), |send| now - send.at < span);
    within(TimeDelta::minutes(1)) >= 15 || within(TimeDelta::hours(24)) >= 50
}

/// Counts a send.
pub(super) fn record(log: &mut SendLog, phone: &Phone, text: &str, now: DateTime<Utc>) {
    log.record(VENDOR, &phone.e164(), Send::new(now, text));
}
