//! The offline SMS vendors: one folder per vendor, one file per signature.

pub(crate) mod acs3;
mod aliyun;
mod basic_time;
mod huawei;
mod percent;
mod rpc;
mod sdk_hmac;
mod segments;
mod signed;
pub(crate) mod tc3;
mod template;
mod tencent;
mod twilio;
#[cfg(test)]
mod vectors;
mod volc_hmac;
mod volcengine;
mod wsse;

use chrono::{DateTime, TimeDelta, Utc};

use crate::call::{Answer, Call};
use crate::random::Random;
use crate::receipts::ReceiptForm;
use crate::state::{AccountCodes, World};

/// Every vendor.
pub(crate) const VENDORS: &[SmsVendor] = &[
    aliyun::VENDOR,
    tencent::VENDOR,
    huawei::VENDOR,
    volcengine::VENDOR,
    twilio::VENDOR,
];

/// One vendor: how its requests are told, and answered.
pub(crate) struct SmsVendor {
    /// `sms/<vendor>`: its own path, and its name in faults.
    pub(crate) target: &'static str,
    /// Whether it has paths of its own below that.
    pub(crate) has_paths: bool,
    /// Whether a request to another path is for it: to `/` by headers and
    /// parameters, or to a path that only this vendor has.
    pub(crate) speaks: fn(&Call) -> bool,
    pub(crate) answer: fn(&mut World, &Call, DateTime<Utc>) -> Answer,
    /// Refuses with an error code of the vendor, or its usual word for being
    /// out of order; the message replaces the code's own.
    pub(crate) refuse: fn(&mut World, &Call, Option<&str>, Option<&str>) -> Answer,
    pub(crate) receipts: &'static ReceiptForm,
    /// What it says when its account may not send.
    pub(crate) account: &'static AccountCodes,
}

impl SmsVendor {
    /// As in `/sms/<vendor>`.
    pub(crate) fn name(&self) -> &'static str {
        self.target.trim_start_matches("sms/")
    }

    /// Whether a request is for it.
    pub(crate) fn serves(&self, call: &Call) -> bool {
        let below = call
            .path
            .strip_prefix('/')
            .and_then(|path| path.strip_prefix(self.target));
        match below {
            Some("" | "/") => true,
            Some(below) if self.has_paths && below.starts_with('/') => true,
            _ => (self.speaks)(call),
        }
    }
}

/// How the vendor of this name pushes receipts.
pub(crate) fn receipt_form(name: &str) -> Option<&'static ReceiptForm> {
    let vendor = VENDORS.iter().find(|vendor| vendor.name() == name)?;
    Some(vendor.receipts)
}

/// What the vendor of this name says when its account may not send.
pub(crate) fn account_codes(name: &str) -> Option<&'static AccountCodes> {
    let vendor = VENDORS.iter().find(|vendor| vendor.name() == name)?;
    Some(vendor.account)
}

/// The names of all vendors, for people.
pub(crate) fn names() -> String {
    let names: Vec<_> = VENDORS.iter().map(SmsVendor::name).collect();
    names.join(", ")
}

/// A time in Beijing, without its zone.
fn beijing_time(at: DateTime<Utc>) -> String {
    let there = at + TimeDelta::hours(8);
    there.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A random UUID in lower case.
pub(crate) fn uuid(random: &mut Random) -> String {
    let hex = random.hex(16);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}
