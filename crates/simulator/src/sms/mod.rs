//! The offline SMS vendors: one file per vendor.

pub(crate) mod acs3;
mod aliyun;
mod percent;
mod rpc;

use chrono::{DateTime, Utc};

use crate::call::{Answer, Call};
use crate::state::World;

/// Every vendor.
pub(crate) const VENDORS: &[SmsVendor] = &[aliyun::VENDOR];

/// One vendor: how its requests are told at the path `/`, and answered.
pub(crate) struct SmsVendor {
    /// `sms/<vendor>`: its own path, and its name in faults.
    pub(crate) target: &'static str,
    /// Whether a request is for it, by headers and parameters.
    pub(crate) speaks: fn(&Call) -> bool,
    pub(crate) answer: fn(&mut World, &Call, DateTime<Utc>) -> Answer,
    /// Refuses with an error code of the vendor, or its usual word for being
    /// out of order; the message replaces the code's own.
    pub(crate) refuse: fn(&mut World, Option<&str>, Option<&str>) -> Answer,
}
