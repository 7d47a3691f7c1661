//! Clauses about what happened in a span of time.

use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::record::{Counts, EventCount, SendCount, VendorCount};
use menshen_domain::model::sms_delivery::SendOutcome;

use super::seconds;
use super::sending::{attempt, begun, taken};
use crate::people::People;
use crate::stores::Stores;

async fn counted(stores: &Stores, from: i64, to: i64) -> Counts {
    let counts = stores.admin_reader.counts(seconds(from), seconds(to)).await;
    counts.unwrap()
}

fn events(action: &str, method: Option<&str>, times: u64) -> EventCount {
    EventCount {
        action: action.to_owned(),
        method: method.map(ToOwned::to_owned),
        times,
    }
}

/// Events by action and method, messages by verdict, tries by vendor and outcome.
pub async fn what_happened_is_counted_by_its_words(stores: Stores) {
    let people = People::new(1);
    let row = |action, second| AuditEvent::new(action, seconds(second), people.randomness());
    let rows = [
        row(AuditAction::SignedIn, 1).with_method("sms"),
        row(AuditAction::SignedIn, 2).with_method("wechat"),
        row(AuditAction::SignedIn, 3).with_method("sms"),
        row(AuditAction::CodeVerified, 3),
    ];
    stores.audit_log.append(&rows).await.unwrap();
    let message = begun(&stores, &people, 1, 5).await;
    let tries = [
        attempt(SendOutcome::VendorBusy, None),
        // Taken, and no word of what it costs.
        attempt(SendOutcome::Accepted, None),
        attempt(SendOutcome::Accepted, Some("M-1")),
    ];
    taken(&stores, &message, &tries).await;
    begun(&stores, &people, 2, 6).await;
    let send = |verdict: Option<&str>| SendCount {
        verdict: verdict.map(ToOwned::to_owned),
        times: 1,
    };
    let vendor = |outcome: &str, tries, units| VendorCount {
        vendor: "aliyun".to_owned(),
        outcome: outcome.to_owned(),
        tries,
        units,
    };
    let expected = Counts {
        events: vec![
            events("code.verified", None, 1),
            events("login.succeeded", Some("sms"), 2),
            events("login.succeeded", Some("wechat"), 1),
        ],
        sends: vec![send(None), send(Some("accepted"))],
        vendors: vec![vendor("accepted", 2, 3), vendor("vendor_busy", 1, 0)],
    };
    assert_eq!(counted(&stores, 0, 3600).await, expected);
}

/// Nothing is counted twice, and nothing is left out.
pub async fn an_hour_ends_where_the_next_begins(stores: Stores) {
    let people = People::new(1);
    let row = |second| AuditEvent::new(AuditAction::SignedIn, seconds(second), people.randomness());
    let rows = [row(-1), row(0), row(3599), row(3600)];
    stores.audit_log.append(&rows).await.unwrap();
    for second in [-1, 0, 3599, 3600] {
        let sent = begun(&stores, &people, 1, second).await;
        let tries = [attempt(SendOutcome::Accepted, Some("M"))];
        taken(&stores, &sent, &tries).await;
    }
    for (from, times) in [(-3600, 1), (0, 2), (3600, 1)] {
        let counts = counted(&stores, from, from + 3600).await;
        assert_eq!(counts.events, [events("login.succeeded", None, times)]);
        assert_eq!(counts.sends[0].times, times);
        assert_eq!(
            (counts.vendors[0].tries, counts.vendors[0].units),
            (times, times * 2)
        );
    }
}

/// An empty database has no counts, and no fault.
pub async fn nothing_counts_as_nothing(stores: Stores) {
    assert_eq!(counted(&stores, 0, 3600).await, Counts::default());
}
