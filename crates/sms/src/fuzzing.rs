//! The readers of vendors' answers, for the fuzz targets.

use chrono::{DateTime, Utc};
use menshen_outbound::Answer;

use crate::vendor::Attempt;
use crate::{aliyun, huawei, tencent, twilio, volcengine, webhook};

/// The vendors whose answers can be read.
pub const VENDORS: [&str; 6] = [
    "aliyun",
    "tencent",
    "huawei",
    "twilio",
    "volcengine",
    "webhook",
];

/// What this vendor's adapter makes of an answer; nothing for other names.
#[must_use]
pub fn read(vendor: &str, answer: &Answer, now: DateTime<Utc>) -> Option<Attempt> {
    Some(match vendor {
        "aliyun" => aliyun::read(answer),
        "tencent" => tencent::read(answer, now),
        "huawei" => huawei::read(answer),
        "twilio" => twilio::read(answer, 1),
        "volcengine" => volcengine::read(answer),
        "webhook" => webhook::read(answer),
        _ => return None,
    })
}
