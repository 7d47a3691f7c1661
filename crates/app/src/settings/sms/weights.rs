//! `sms.weights`: how the first vendor of each message is drawn.

use menshen_sms::Weights;

use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::vendors::Vendor;

/// Reads the weights of all vendors; empty if none is given.
pub(super) fn read(reader: &mut Reader, chosen: &[Vendor]) -> Weights {
    let mut weights = Weights::new();
    for (vendor, key) in [
        (Vendor::Aliyun, "sms.weights.aliyun"),
        (Vendor::Tencent, "sms.weights.tencent"),
        (Vendor::Huawei, "sms.weights.huawei"),
        (Vendor::Volcengine, "sms.weights.volcengine"),
        (Vendor::Twilio, "sms.weights.twilio"),
        (Vendor::Webhook, "sms.weights.webhook"),
    ] {
        let weight = reader.read_optional(
            key,
            "share of the messages that this vendor is asked for first; with no weight at all the first of `sms.vendors` is, with some a vendor without one only stands in",
            parse::count,
        );
        match weight {
            None => {}
            Some(0) => reader.problem(key, "write a whole number from 1 on, or leave it out"),
            Some(_) if !chosen.contains(&vendor) => {
                reader.problem(
                    key,
                    "is the weight of a vendor that sms.vendors does not name",
                );
            }
            Some(weight) => {
                weights.insert(vendor.as_str(), weight);
            }
        }
    }
    weights
}
