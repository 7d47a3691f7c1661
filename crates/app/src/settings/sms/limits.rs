//! The limits of messages and of tries at codes; each has a key, and 0 turns it off.

use menshen_domain::model::limits::Limits;

use crate::settings::parse;
use crate::settings::reader::Reader;

/// Reads the limits of `sms.*`; those of refreshing are read elsewhere.
pub(super) fn read(reader: &mut Reader) -> Limits {
    let mut count =
        |key: &str, default: &str, meaning| reader.read(key, default, meaning, parse::count);
    let limits = Limits {
        per_phone_hour: count(
            "sms.per_phone_hour",
            "5",
            "messages per number and hour; 0 means no limit",
        ),
        per_phone_day: count(
            "sms.per_phone_day",
            "10",
            "messages per number and day; 0 means no limit",
        ),
        per_ip_hour: count(
            "sms.per_ip_hour",
            "20",
            "messages per address (IPv6: /64) and hour; 0 means no limit",
        ),
        per_ip_day: count(
            "sms.per_ip_day",
            "100",
            "messages per address (IPv6: /64) and day; 0 means no limit",
        ),
        per_network_hour: count(
            "sms.per_network_hour",
            "300",
            "messages per network of neighbours (IPv4: /24, IPv6: /48) and hour; 0 means no limit",
        ),
        per_prefix_hour: count(
            "sms.per_prefix_hour",
            "60",
            "messages per block of ten thousand numbers (all but the last four digits) and hour; 0 means no limit",
        ),
        per_account_day: count(
            "sms.per_account_day",
            "20",
            "messages that one signed-in person asks for a day, to whichever numbers; 0 means no limit",
        ),
        deployment_minute: count(
            "sms.deployment_minute",
            "600",
            "messages of the whole deployment a minute; 0 means no limit",
        ),
        deployment_day: count(
            "sms.deployment_day",
            "10000",
            "messages of the whole deployment a day; 0 means no limit",
        ),
        failures_per_phone_day: count(
            "sms.failures_per_phone_day",
            "20",
            "wrong tries without a challenge per number and day; 0 means no limit",
        ),
        failures_per_ip: count(
            "sms.failures_per_ip",
            "30",
            "wrong and malformed tries per address (IPv6: /64) and 15 minutes; 0 means no limit",
        ),
        failures_per_network: count(
            "sms.failures_per_network",
            "100",
            "wrong and malformed tries per network of neighbours (IPv4: /24, IPv6: /48) and 15 minutes; 0 means no limit",
        ),
        ..Limits::default()
    };
    let resend_interval = reader.read(
        "sms.resend_interval",
        "60s",
        "time between two messages to one number; 0s means none",
        parse::duration,
    );
    Limits {
        resend_interval,
        ..limits
    }
}
