//! What is known of the use of an account.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::account::Account;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::{Changes, SessionsOf, Step};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::recycled::Activity;
use menshen_domain::model::session::EndReason;

use crate::people::{People, seen};
use crate::sample::now;
use crate::stores::Stores;
use crate::suites::account_store::steps::create;

const DAY: Duration = Duration::from_hours(24);

async fn activity(stores: &Stores, user: UserId, device: Option<&str>) -> Activity {
    let device = device.map(ToOwned::to_owned);
    stores.accounts.activity(user, device).await.unwrap()
}

/// A session on that device that was opened so long ago; nothing is told of it.
async fn open(stores: &Stores, people: &People, account: &Account, device: &str, age: Duration) {
    let step = Step::OpenSession {
        session: Box::new(people.session(account.id, Some(device), age)),
        max_live: 0,
        code: None,
    };
    let changes = Changes {
        expected: vec![seen(account)],
        steps: vec![step],
        audit: vec![people.audit(AuditAction::LinkConflict, account.id)],
        ..Changes::default()
    };
    stores.accounts.apply(&changes).await.unwrap();
}

fn ago(age: Duration) -> DateTime<Utc> {
    now() - age
}

/// No session, no act.
pub async fn nothing_is_known_of_who_did_nothing(stores: Stores) {
    let people = People::new(1);
    let nobody = people.account().id;
    let none = Activity::default();
    assert_eq!(activity(&stores, nobody, Some("phone-1")).await, none);
    assert_eq!(activity(&stores, nobody, None).await, none);
}

/// The newest of all sessions counts, live or ended, and each one's device.
pub async fn an_account_was_used_when_its_newest_session_was(stores: Stores) {
    let people = People::new(1);
    let (account, other) = (people.whole_account(1), people.whole_account(2));
    // The creation is told of, and is no act of the owner's in a session.
    for one in [&account, &other] {
        let mut creation = people.creation(one);
        creation.audit = vec![people.audit(AuditAction::AccountCreated, one.id)];
        stores.accounts.apply(&creation).await.unwrap();
    }
    open(&stores, &people, &account, "live", DAY * 9).await;
    open(&stores, &people, &account, "ended", DAY * 5).await;
    open(&stores, &people, &other, "other", DAY).await;
    let known = async |device| activity(&stores, account.id, Some(device)).await;
    let wanted = Activity {
        last_seen_at: Some(ago(DAY * 5)),
        device_known: true,
    };
    assert_eq!(known("live").await, wanted);
    let newest = stores.sessions.list(account.id, now()).await.unwrap()[0].id;
    let row = people.audit(AuditAction::SessionEnded, account.id);
    let which = SessionsOf::One(newest);
    let ended = stores
        .sessions
        .end(account.id, which, EndReason::Replaced, now(), row);
    ended.await.unwrap();
    assert_eq!(known("live").await, wanted);
    assert_eq!(known("ended").await, wanted);
    for unknown in [Some("other"), None] {
        let told = activity(&stores, account.id, unknown).await;
        assert_eq!(told.last_seen_at, wanted.last_seen_at);
        assert!(!told.device_known, "{unknown:?}");
    }
}

/// What the log tells of counts where sessions are gone; what others do at an
/// account does not.
pub async fn acts_of_the_owner_are_signs_of_life_and_no_others(stores: Stores) {
    let people = People::new(1);
    let mut account = people.whole_account(1);
    account.last_login_at = ago(DAY * 200);
    create(&stores, &people, &account).await;
    // Told of now, as the creation is.
    let now_told = activity(&stores, account.id, None).await.last_seen_at;
    assert_eq!(now_told, Some(now()));
    let user = people.account().id;
    let tell = async |action, days: i64| {
        let mut row = people.audit(action, user);
        row.at = now() - TimeDelta::days(days);
        stores.audit_log.append(&[row]).await.unwrap();
    };
    for others in [
        AuditAction::SignInRefused,
        AuditAction::CodeFailed,
        AuditAction::SessionEnded,
        AuditAction::PhoneRemoved,
    ] {
        tell(others, 1).await;
        let told = activity(&stores, user, None).await;
        assert_eq!(told.last_seen_at, None, "{others:?}");
    }
    tell(AuditAction::SignedOut, 60).await;
    tell(AuditAction::SignedIn, 170).await;
    let told = activity(&stores, user, None).await;
    assert_eq!(told.last_seen_at, Some(ago(DAY * 60)));
}
