//! The offline SMS vendors: one folder per vendor, one file per signature.

pub(crate) mod acs3;
mod aliyun;
mod percent;
mod rpc;
mod segments;
mod signed;
mod tc3;
mod template;
mod tencent;
#[cfg(test)]
mod vectors;

use chrono::{DateTime, Utc};

use crate::call::{Answer, Call};
use crate::random::Random;
use crate::state::World;

/// Every vendor.
pub(crate) const VENDORS: &[SmsVendor] = &[aliyun::VENDOR, tencent::VENDOR];

/// One vendor: how its requests are told at the path `/`, and answered.
pub(crate) struct SmsVendor {
    /// `sms/<vendor>`: its own path, and its name in faults.
    pub(crate) target: &'static str,
    /// Whether a request to `/` is for it, by headers and parameters.
    pub(crate) speaks: fn(&Call) -> bool,
    pub(crate) answer: fn(&mut World, &Call, DateTime<Utc>) -> Answer,
    /// Refuses with an error code of the vendor, or its usual word for being
    /// out of order; the message replaces the code's own.
    pub(crate) refuse: fn(&mut World, &Call, Option<&str>, Option<&str>) -> Answer,
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
