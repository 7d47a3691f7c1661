//! What every `personal_records` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::time::Duration;

use chrono::TimeDelta;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::client::ClientType;
use menshen_domain::model::identifiers::{SendId, UserId};
use menshen_domain::model::operator::{Operator, OperatorScope};
use menshen_domain::model::personal_records::{Consent, HistoryEntry, PersonalRecords};
use menshen_domain::model::session::EndReason;
use menshen_domain::model::sms_message::{AskedThrough, MessagePurpose};
use menshen_domain::model::verification::Purpose;
use menshen_domain::ports::send_records::NewSend;

use crate::people::{People, about_send};
use crate::sample::{now, phone};
use crate::stores::Stores;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! personal_records {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::personal_records, $stores,
            all_sessions_are_told_live_and_ended,
            what_the_log_tells_of_an_account_is_told,
            what_an_operator_did_is_told_without_where_and_why,
            consent_is_told_where_it_was_given,
            of_much_only_the_newest_is_told,
            messages_are_told_since_a_moment,
        }
    };
}

const HOUR: Duration = Duration::from_hours(1);

async fn of(stores: &Stores, user: UserId, limit: u32) -> PersonalRecords {
    let records = &stores.personal_records;
    records.of_account(user, limit).await.unwrap()
}

/// Two people, each with so many sessions, the last one the newest; answers the
/// first one.
async fn two_people(stores: &Stores, people: &People, sessions: u32) -> UserId {
    let both = [people.whole_account(1), people.whole_account(2)];
    for account in &both {
        let creation = people.creation(account);
        stores.accounts.apply(&creation).await.unwrap();
        for n in 0..sessions {
            let age = HOUR * (sessions - n);
            let session = people.session(account.id, Some("phone-1"), age);
            let mut login = people.login(account, session, 0);
            // Another device each, so that none takes the place of another.
            for step in &mut login.steps {
                if let menshen_domain::model::changes::Step::OpenSession { session, .. } = step {
                    session.client.device_id = None;
                }
            }
            stores.accounts.apply(&login).await.unwrap();
        }
    }
    both[0].id
}

/// Newest first, and nobody else's.
pub async fn all_sessions_are_told_live_and_ended(stores: Stores) {
    let people = People::new(1);
    let user = two_people(&stores, &people, 3).await;
    let live = stores.sessions.list(user, now()).await.unwrap();
    let middle = SessionsOf::One(live[1].id);
    let row = people.audit(AuditAction::SignedOut, user);
    let reason = EndReason::SignedOut;
    let ended = stores.sessions.end(user, middle, reason, now(), row);
    ended.await.unwrap();
    let told = of(&stores, user, 9).await.sessions;
    assert!(!told.truncated);
    let ids: Vec<_> = told.rows.iter().map(|session| session.id).collect();
    let wanted: Vec<_> = live.iter().map(|session| session.id).collect();
    assert_eq!(ids, wanted);
    let ends: Vec<_> = told.rows.iter().map(|session| session.ended).collect();
    assert_eq!(ends, [None, Some((now(), reason)), None]);
    assert_eq!(told.rows[0], live[0], "whole");
}

/// Newest first, and nobody else's.
pub async fn what_the_log_tells_of_an_account_is_told(stores: Stores) {
    let people = People::new(1);
    let (one, other) = (people.account().id, people.account().id);
    let mut rows = Vec::new();
    for (n, user) in [(1, one), (2, other), (3, one)] {
        let mut row = people
            .audit(AuditAction::SignedIn, user)
            .with_subject("138****0000".to_owned())
            .with_method("sms")
            .with_reason("why")
            .with_device(Some("phone-1"));
        row.address = Some([203, 0, 113, n].into());
        row.at = now() + TimeDelta::seconds(n.into());
        rows.push(row);
    }
    stores.audit_log.append(&rows).await.unwrap();
    let told = of(&stores, one, 9).await.history;
    assert!(!told.truncated);
    let mut told = told.rows.into_iter();
    for row in [&rows[2], &rows[0]] {
        let entry = told.next().unwrap();
        assert_eq!(
            (entry.at, entry.action.as_str()),
            (row.at, "login.succeeded")
        );
        assert_eq!(entry.method.as_deref(), Some("sms"));
        assert_eq!(
            (entry.reason, entry.subject),
            (row.reason.clone(), row.subject.clone())
        );
        assert_eq!(entry.address.as_deref(), Some("203.0.113.0/24"));
        assert_eq!(entry.device_id, row.device_id);
    }
    assert_eq!(told.next(), None);
}

/// Neither the operator's address nor their note is the person's.
pub async fn what_an_operator_did_is_told_without_where_and_why(stores: Stores) {
    let people = People::new(1);
    let user = people.account().id;
    let operator = Operator::with_key("ops.alice", OperatorScope::Write).unwrap();
    let mut row = people
        .audit(AuditAction::AccountDisabled, user)
        .with_method("users.disable")
        .with_reason("ticket 4711")
        .with_device(Some("desk-1"))
        .with_actor(&operator);
    row.address = Some([203, 0, 113, 9].into());
    stores.audit_log.append(&[row]).await.unwrap();
    let told = of(&stores, user, 9).await.history.rows;
    let wanted = HistoryEntry {
        at: now(),
        action: AuditAction::AccountDisabled.as_str().to_owned(),
        method: Some("users.disable".to_owned()),
        reason: None,
        subject: None,
        address: None,
        device_id: None,
    };
    assert_eq!(told, [wanted]);
}

/// With its version and time; without it, and of nobody, there is none.
pub async fn consent_is_told_where_it_was_given(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    let creation = people.creation(&account);
    stores.accounts.apply(&creation).await.unwrap();
    let consent = of(&stores, account.id, 9).await.consent;
    let wanted = Consent {
        version: "1".to_owned(),
        at: now(),
    };
    assert_eq!(consent, Some(wanted));
    let nobody = people.account().id;
    let none = of(&stores, nobody, 9).await;
    assert_eq!(none.consent, None);
    assert!(none.sessions.rows.is_empty() && none.history.rows.is_empty());
}

/// And it is said that there is more.
pub async fn of_much_only_the_newest_is_told(stores: Stores) {
    let people = People::new(1);
    let user = two_people(&stores, &people, 4).await;
    let live = stores.sessions.list(user, now()).await.unwrap();
    for (limit, more) in [(3, true), (4, false)] {
        let told = of(&stores, user, limit).await.sessions;
        assert_eq!(told.truncated, more, "{limit}");
        assert_eq!(told.rows, live[..usize::try_from(limit).unwrap()]);
    }
    let told = of(&stores, user, 2).await.history;
    assert_eq!((told.rows.len(), told.truncated), (2, true));
}

/// To that number, and not before; the newest first.
pub async fn messages_are_told_since_a_moment(stores: Stores) {
    let people = People::new(1);
    for (n, second) in [(1, 0), (1, 10), (2, 20), (1, 30)] {
        let at = now() + TimeDelta::seconds(second);
        let send = NewSend {
            id: SendId::generate(people.randomness(), at),
            phone: phone(n),
            purpose: MessagePurpose::Code(Purpose::Login),
            asked: AskedThrough::Client(ClientType::MiniProgram),
            source: [203, 0, 113, 7].into(),
            at,
        };
        let told = about_send(&send, AuditAction::CodeRequested);
        stores.send_records.begin(&send, &told).await.unwrap();
    }
    let since = |second, limit| {
        let at = now() + TimeDelta::seconds(second);
        let records = &stores.personal_records;
        async move { records.messages(&phone(1), at, limit).await.unwrap() }
    };
    let told = since(10, 9).await;
    let times: Vec<_> = told.rows.iter().map(|row| row.at).collect();
    let wanted = [30, 10].map(|second| now() + TimeDelta::seconds(second));
    assert_eq!((times, told.truncated), (wanted.to_vec(), false));
    let newest = &told.rows[0];
    assert_eq!(
        (newest.purpose.as_str(), newest.client_type.as_str()),
        ("login", "mini_program")
    );
    assert_eq!(
        (newest.source.as_str(), newest.verdict.as_ref()),
        ("203.0.113.7", None)
    );
    let told = since(0, 2).await;
    assert_eq!((told.rows.len(), told.truncated), (2, true));
}
