//! How often one sign may write to one number.
//!
//! Source: Alibaba Cloud SMS, sending limits: codes with one sign to one
//! mainland number 1 a minute, 5 an hour (windows of the clock in Beijing) and
//! 10 in the 24 hours from a send.

use chrono::{DateTime, TimeDelta, Utc};

use crate::phone::Phone;
use crate::state::{Send, SendLog, window_in_beijing};

const VENDOR: &str = "aliyun";
const PER_MINUTE: usize = 1;
const PER_HOUR: usize = 5;
const PER_DAY: usize = 10;

/// The limit that a number has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberLimit {
    Minute,
    Hour,
    Day,
}

impl NumberLimit {
    /// The vendor's own words, by which clients tell the limits apart.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Minute => "触发分钟级流控Permits:1",
            Self::Hour => "触发小时级流控Permits:5",
            Self::Day => "触发天级流控Permits:10",
        }
    }
}

/// The limit that one more send would break.
pub(super) fn broken_by(
    log: &SendLog,
    sign: &str,
    phone: &Phone,
    now: DateTime<Utc>,
) -> Option<NumberLimit> {
    let receiver = receiver(sign, phone);
    let within = |seconds| {
        let same =
            |send: &Send| window_in_beijing(send.at, seconds) == window_in_beijing(now, seconds);
        log.count(VENDOR, &receiver, same)
    };
    let lately = |send: &Send| now - send.at < TimeDelta::hours(24);
    if within(60) >= PER_MINUTE {
        Some(NumberLimit::Minute)
    } else if within(3600) >= PER_HOUR {
        Some(NumberLimit::Hour)
    } else if log.count(VENDOR, &receiver, lately) >= PER_DAY {
        Some(NumberLimit::Day)
    } else {
        None
    }
}

/// Counts a send.
pub(super) fn record(log: &mut SendLog, sign: &str, phone: &Phone, now: DateTime<Utc>) {
    log.record(VENDOR, &receiver(sign, phone), Send::new(now, ""));
}

fn receiver(sign: &str, phone: &Phone) -> String {
    format!("{}\n{sign}", phone.e164())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64, minute: i64, second: i64) -> DateTime<Utc> {
        // Midnight in UTC: the windows of Beijing begin with the same minute and hour.
        DateTime::UNIX_EPOCH
            + TimeDelta::days(20_000)
            + TimeDelta::seconds(hour * 3600 + minute * 60 + second)
    }

    fn phone(number: &str) -> Phone {
        Phone::parse(number).unwrap()
    }

    #[test]
    fn the_minute_is_one_of_the_clock_and_each_sign_has_its_own() {
        let mut log = SendLog::default();
        let alice = phone("13800138000");
        record(&mut log, "a", &alice, at(0, 3, 58));
        let broken =
            |sign, number, at| broken_by(&log, sign, &phone(number), at).map(|limit| limit as u8);
        let minute = Some(NumberLimit::Minute as u8);
        assert_eq!(broken("a", "13800138000", at(0, 3, 59)), minute);
        assert_eq!(broken("a", "13800138000", at(0, 4, 0)), None);
        assert_eq!(broken("a", "13800138001", at(0, 3, 59)), None);
        assert_eq!(broken("b", "13800138000", at(0, 3, 59)), None);
    }

    #[test]
    fn five_an_hour_and_ten_in_twenty_four_hours() {
        let mut log = SendLog::default();
        let alice = phone("13800138000");
        for minute in 50..55 {
            record(&mut log, "a", &alice, at(0, minute, 0));
        }
        let broken = |log: &SendLog, at| broken_by(log, "a", &alice, at);
        assert_eq!(broken(&log, at(0, 55, 0)), Some(NumberLimit::Hour));
        assert_eq!(broken(&log, at(1, 0, 0)), None);
        for minute in 0..5 {
            record(&mut log, "a", &alice, at(1, minute, 0));
        }
        assert_eq!(broken(&log, at(2, 0, 0)), Some(NumberLimit::Day));
        assert_eq!(broken(&log, at(24, 49, 59)), Some(NumberLimit::Day));
        assert_eq!(broken(&log, at(24, 50, 0)), None);
    }
}
