//! `sms.guard`: messages must be paid for by codes that are entered.

use menshen_domain::model::spend::{GuardMode, GuardPolicy};

use crate::settings::form::{self, words};
use crate::settings::parse;
use crate::settings::reader::Reader;

/// Reads `sms.guard` and what it weighs.
pub(super) fn read(reader: &mut Reader) -> GuardPolicy {
    let policy = GuardPolicy {
        mode: reader.read(
            "sms.guard",
            "record",
            "`record`, `enforce` or `off`: the verified-to-sent budget",
            words(MODES),
        ),
        ratio: reader.read(
            "sms.guard_ratio",
            "30",
            "the least share of messages whose code must be entered, in percent, 1 to 90",
            form::number(1, 90, parse::count),
        ),
        floor: reader.read(
            "sms.guard_floor",
            "100",
            "messages of the deployment that need no entered code, in an hour and in a day; 0 means no limit",
            parse::count,
        ),
        network_floor: reader.read(
            "sms.guard_network_floor",
            "20",
            "the same for a network of neighbours (IPv4: /24, IPv6: /48); 0 means no limit",
            parse::count,
        ),
        prefix_floor: reader.read(
            "sms.guard_prefix_floor",
            "20",
            "the same for a block of ten thousand numbers; 0 means no limit",
            parse::count,
        ),
    };
    if !(1..=90).contains(&policy.ratio) {
        reader.problem("sms.guard_ratio", "write a percentage from 1 to 90");
    }
    policy
}

const MODES: &[(&str, GuardMode)] = &[
    ("record", GuardMode::Record),
    ("enforce", GuardMode::Enforce),
    ("off", GuardMode::Off),
];
