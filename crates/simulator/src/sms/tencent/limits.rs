//! How often one number may be written to.
//!
//! Source: Tencent Cloud SMS, frequency limits: the same content to one number
//! once in 30 seconds, and so many messages an hour and a day in Beijing as the
//! application is set to.

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::sms::TencentAccount;
use crate::phone::Phone;
use crate::state::{Send, SendLog, window_in_beijing};

const VENDOR: &str = "tencent";
const DAY: i64 = 86_400;

/// The error code of the limit that one more send would break.
pub(super) fn broken_by(
    log: &SendLog,
    account: &TencentAccount,
    phone: &Phone,
    text: &str,
    now: DateTime<Utc>,
) -> Option<&'static str> {
    let (receiver, this) = (phone.e164(), Send::new(now, text));
    let count = |like: &dyn Fn(&Send) -> bool| log.count(VENDOR, &receiver, like);
    let same = |send: &Send| {
        now - send.at < TimeDelta::seconds(30) && send.fingerprint == this.fingerprint
    };
    let today = |send: &Send| window_in_beijing(send.at, DAY) == window_in_beijing(now, DAY);
    if count(&same) >= 1 {
        Some("LimitExceeded.PhoneNumberThirtySecondLimit")
    } else if count(&|send| now - send.at < TimeDelta::hours(1)) >= account.per_number_hour {
        Some("LimitExceeded.PhoneNumberOneHourLimit")
    } else if count(&today) >= account.per_number_day {
        Some("LimitExceeded.PhoneNumberDailyLimit")
    } else {
        None
    }
}

/// Counts a send.
pub(super) fn record(log: &mut SendLog, phone: &Phone, text: &str, now: DateTime<Utc>) {
    log.record(VENDOR, &phone.e164(), Send::new(now, text));
}
