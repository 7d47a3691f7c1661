//! `retention.*`: how long things are kept, and how they are removed.

use std::time::Duration;

use menshen_domain::model::retention::{Pace, RecordKind, RetentionPolicy};

use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;

const DAY: Duration = Duration::from_hours(24);

/// The longest pause that the lease of whoever removes allows for.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// `retention.*`.
#[derive(Debug)]
pub struct RetentionSettings {
    /// How long things are kept.
    pub policy: RetentionPolicy,
    /// How they are removed.
    pub pace: Pace,
}

/// Reads `retention.*`.
pub fn read(reader: &mut Reader) -> RetentionSettings {
    let settings = RetentionSettings {
        policy: RetentionPolicy {
            sessions: reader.read("retention.sessions", "30d", "how long a session that ended or expired is kept: as long, a refresh token of it is told why it ended; 0s keeps them for ever", parse::duration),
            audit_events: reader.read("retention.audit", "180d", "how long rows of the audit log are kept, 180d at least; 0s keeps them for ever", parse::duration),
            messages: reader.read("retention.sms_records", "90d", "how long the record of a message is kept, with its attempts and receipts, 4d at least; 0s keeps them for ever", parse::duration),
            delivered_events: reader.read("retention.outbox_delivered", "7d", "how long an event is kept after it was handed over to the receivers; 0s keeps them for ever", parse::duration),
            undelivered_events: reader.read("retention.outbox_undelivered", "7d", "how long an event is kept that no receiver is there for; 0s keeps them for ever", parse::duration),
            deliveries: reader.read("retention.webhook_deliveries", "30d", "how long a delivery is kept that was given up, for `menshen webhooks replay`; 0s keeps them for ever", parse::duration),
        },
        pace: Pace {
            interval: reader.read("retention.interval", "10m", "how often a replica looks whether anything is past its time, and up to half as long again; the first time as long after its start", parse::duration),
            batch: reader.read("retention.batch", "500", "rows that are removed at a time, 1 to 1000", form::number(1, 1000, batch)),
            pause: reader.read("retention.pause", "50ms", "the pause between two batches, 0s to 5s; never shorter than the batch took", parse::duration),
        },
    };
    check(reader, &settings);
    settings
}

fn check(reader: &mut Reader, settings: &RetentionSettings) {
    let policy = &settings.policy;
    let kept = [
        ("retention.sessions", policy.sessions, RecordKind::Sessions),
        (
            "retention.audit",
            policy.audit_events,
            RecordKind::AuditEvents,
        ),
        (
            "retention.sms_records",
            policy.messages,
            RecordKind::Messages,
        ),
        (
            "retention.outbox_delivered",
            policy.delivered_events,
            RecordKind::DeliveredEvents,
        ),
        (
            "retention.outbox_undelivered",
            policy.undelivered_events,
            RecordKind::UndeliveredEvents,
        ),
        (
            "retention.webhook_deliveries",
            policy.deliveries,
            RecordKind::Deliveries,
        ),
    ];
    for (key, keep, kind) in kept {
        if !keep.is_zero() && keep < kind.at_least() {
            let hours = kind.at_least().as_secs() / 3600;
            reader.problem(key, format!("write 0s or {hours}h at least"));
        }
    }
    let long = |keep: Duration, least: Duration| keep.is_zero() || keep >= least;
    // The law asks for six months of network logs.
    reader.demand(
        "retention.audit",
        long(policy.audit_events, DAY * 180),
        "0s, or 180d or more",
    );
    reader.demand(
        "retention.sessions",
        long(policy.sessions, DAY),
        "0s, or 1d or more",
    );
    let pace = &settings.pace;
    reader.demand(
        "retention.interval",
        (Duration::from_mins(1)..=DAY).contains(&pace.interval),
        "1m to 24h",
    );
    if pace.interval.is_zero() {
        reader.problem("retention.interval", "write a time, such as 10m");
    }
    if pace.pause > MAX_PAUSE {
        reader.problem("retention.pause", "write 0s to 5s");
    }
}

fn batch(given: &Given) -> Result<u32, String> {
    match parse::count(given)? {
        rows @ 1..=1000 => Ok(rows),
        _ => Err("write a number from 1 to 1000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::settings::reader::Report;

    fn report(profile: &str, key: &str, value: &str) -> (RetentionSettings, Report) {
        let given = [("profile", profile), (key, value)];
        let given = given.map(|(key, value)| (key.to_owned(), Given::Text(value.to_owned())));
        let (settings, report) = crate::settings::read(given.into(), DateTime::UNIX_EPOCH);
        (settings.retention, report)
    }

    fn refused(profile: &str, key: &str, value: &str) -> bool {
        let (_, report) = report(profile, key, value);
        report.problems.iter().any(|problem| problem.key == key)
    }

    #[test]
    fn production_keeps_the_audit_log_as_long_as_the_law_asks() {
        for (value, is_refused) in [
            ("179d", true),
            ("180d", false),
            ("0s", false),
            ("3650d", false),
        ] {
            let found = refused("production", "retention.audit", value);
            assert_eq!(found, is_refused, "{value}");
        }
        assert!(!refused("development", "retention.audit", "179d"));
    }

    #[test]
    fn what_does_harm_is_refused_everywhere() {
        for (key, bad, good) in [
            ("retention.sessions", "59m", "1h"),
            ("retention.sms_records", "95h", "96h"),
            ("retention.outbox_delivered", "59m", "1h"),
            ("retention.outbox_undelivered", "59m", "1h"),
            ("retention.webhook_deliveries", "59m", "1h"),
            ("retention.batch", "0", "1"),
            ("retention.batch", "1001", "1000"),
            ("retention.pause", "6s", "5s"),
            ("retention.interval", "0s", "1m"),
        ] {
            assert!(refused("development", key, bad), "{key} {bad}");
            assert!(!refused("development", key, good), "{key} {good}");
        }
    }

    #[test]
    fn each_time_is_read_from_its_own_key() {
        let days = |days| DAY * days;
        let read = |key| report("development", key, "500d").0.policy;
        assert_eq!(read("retention.sessions").sessions, days(500));
        assert_eq!(read("retention.audit").audit_events, days(500));
        assert_eq!(read("retention.sms_records").messages, days(500));
        let policy = read("retention.outbox_delivered");
        assert_eq!(policy.delivered_events, days(500));
        let policy = read("retention.outbox_undelivered");
        assert_eq!(policy.undelivered_events, days(500));
        let policy = read("retention.webhook_deliveries");
        assert_eq!(policy.deliveries, days(500));
        assert_eq!(policy.sessions, days(30));
    }
}
