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
mod tc3;
mod template;
mod tencent;
mod twilio;
#[cfg(test)]
mod vectors;
mod volc_hmac;
mod volcengine;
mod wsse;

use chrono::{DateTime, Utc};

use crate::call::{Answer, Call};
use crate::random::Random;
use crate::state::World;

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
}

impl SmsVendor {
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

/// A random UUID in lower case.
fn uuid(random: &mut Random) -> String {
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
