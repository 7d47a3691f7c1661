//! What every `retention_store` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::changes::{Changes, NoticeKey, SessionsOf, Step};
use menshen_domain::model::client::ClientType;
use menshen_domain::model::event::{Notice, OutboxEvent};
use menshen_domain::model::identifiers::{SendId, SessionId};
use menshen_domain::model::retention::RecordKind;
use menshen_domain::model::session::EndReason;
use menshen_domain::model::sms_delivery::{DeliveryReceipt, SendOutcome, SendVerdict, SmsAttempt};
use menshen_domain::model::sms_message::{AskedThrough, MessagePurpose};
use menshen_domain::model::verification::{CodeId, Purpose};
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::ports::retention_store::{Batch, Removed};
use menshen_domain::ports::send_records::NewSend;
use menshen_domain::ports::signing_key_store::SealedSigningKey;
use tokio::task::JoinSet;

use crate::people::{People, about_send, later, seen};
use crate::sample::{now, phone};
use crate::stores::Stores;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! retention_store {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::retention_store, $stores,
            where_there_is_nothing_nothing_is_removed,
            sessions_go_by_when_they_were_over,
            live_sessions_stay_however_old,
            audit_rows_go_by_when_they_were_written,
            messages_take_along_what_is_told_of_them,
            untold_events_go_by_when_they_happened,
            codes_that_were_used_go_by_when_they_were_spent,
            notices_go_by_when_they_were_carried_out,
            signing_keys_go_once_out_of_use,
            the_newest_signing_key_stays,
            a_batch_has_no_more_than_its_limit,
            the_oldest_go_first,
            a_batch_begins_where_the_last_one_ended,
            kinds_do_not_touch_each_other,
            two_who_remove_the_same_remove_it_once,
        }
    };
}

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

fn all_before(kind: RecordKind, before: DateTime<Utc>) -> Batch {
    Batch {
        kind,
        before,
        since: None,
        limit: 500,
    }
}

async fn remove(stores: &Stores, batch: Batch) -> Removed {
    stores.retention.remove(batch).await.unwrap()
}

/// How many went, and when the last of them was.
fn gone(rows: u64, reached: DateTime<Utc>) -> Removed {
    Removed {
        rows,
        reached: Some(reached),
    }
}

/// An audit row of so many minutes after the suite's now.
async fn audit(stores: &Stores, people: &People, minutes: u32) {
    let at = later(MINUTE * minutes);
    let row = AuditEvent::new(AuditAction::CodeSent, at, people.randomness());
    let row = AuditEvent {
        request_id: Some(minutes.to_string()),
        ..row
    };
    stores.audit_log.append(&[row]).await.unwrap();
}

/// Which of them are left.
async fn audited(stores: &Stores) -> Vec<String> {
    let rows = stores.witness.audit().await.into_iter();
    let mut left: Vec<String> = rows.filter_map(|row| row.request_id).collect();
    left.sort_by_key(|minutes| minutes.parse::<u32>().unwrap());
    left
}

/// A message of so many minutes after the suite's now, taken and delivered.
async fn message(stores: &Stores, people: &People, minutes: u32) {
    let at = later(MINUTE * minutes);
    let send = NewSend {
        id: SendId::generate(people.randomness(), at),
        phone: phone(minutes),
        purpose: MessagePurpose::Code(Purpose::Login),
        asked: AskedThrough::Client(ClientType::Web),
        source: [203, 0, 113, 7].into(),
        at,
    };
    let attempt = SmsAttempt {
        vendor: "aliyun",
        outcome: SendOutcome::Accepted,
        vendor_code: None,
        request_id: None,
        message_id: Some(send.id.to_string()),
        cost_units: None,
        took: Duration::ZERO,
        at,
    };
    let receipt = DeliveryReceipt {
        vendor: "aliyun",
        message_id: send.id.to_string(),
        send: None,
        phone: None,
        delivered: true,
        code: None,
        segments: None,
        reported_at: at,
    };
    let (records, attempts) = (&stores.send_records, [attempt]);
    // The log's rows about it are younger than whatever is removed here.
    let told = |action| AuditEvent {
        at: later(HOUR * 48),
        ..about_send(&send, action)
    };
    let (before, after) = (
        told(AuditAction::CodeRequested),
        told(AuditAction::CodeSent),
    );
    records.begin(&send, &before).await.unwrap();
    let finished = records.finish(send.id, &attempts, SendVerdict::Accepted, &after);
    finished.await.unwrap();
    records.note_receipts(&[receipt]).await.unwrap();
}

/// Sessions of one account, opened at the suite's now, that end whatever happens
/// after so many minutes.
async fn sessions<const N: usize>(
    stores: &Stores,
    people: &People,
    lives: [u32; N],
) -> [SessionId; N] {
    let account = people.whole_account(1);
    let creation = people.creation(&account);
    stores.accounts.apply(&creation).await.unwrap();
    let mut ids = Vec::new();
    for life in lives {
        let mut session = people.session(account.id, None, Duration::ZERO);
        session.expires_at = later(MINUTE * life);
        ids.push(session.id);
        let login = people.login(&account, session, 0);
        stores.accounts.apply(&login).await.unwrap();
    }
    ids.try_into().unwrap()
}

async fn sign_out(stores: &Stores, people: &People, session: SessionId, minutes: u32) {
    let found = stores.sessions.find(session).await.unwrap().unwrap();
    let user = found.account.id;
    let at = later(MINUTE * minutes);
    let row = people.audit(AuditAction::SignedOut, user);
    let which = SessionsOf::One(session);
    let ended = stores
        .sessions
        .end(user, which, EndReason::SignedOut, at, row);
    assert_eq!(ended.await.unwrap(), [session]);
}

async fn is_there(stores: &Stores, session: SessionId) -> bool {
    stores.sessions.find(session).await.unwrap().is_some()
}

/// Of any kind.
pub async fn where_there_is_nothing_nothing_is_removed(stores: Stores) {
    for kind in RecordKind::ALL {
        let removed = remove(&stores, all_before(kind, later(HOUR))).await;
        assert_eq!(removed, Removed::default(), "{kind:?}");
    }
}

/// Signed out or expired, whichever came first.
pub async fn sessions_go_by_when_they_were_over(stores: Stores) {
    let people = People::new(1);
    let [expired, signed_out, later_out] = sessions(&stores, &people, [10, 60, 60]).await;
    sign_out(&stores, &people, signed_out, 20).await;
    sign_out(&stores, &people, later_out, 30).await;
    let before = |minutes| all_before(RecordKind::Sessions, later(MINUTE * minutes));
    // To the moment.
    assert_eq!(remove(&stores, before(10)).await, Removed::default());
    let reached = later(MINUTE * 20);
    assert_eq!(remove(&stores, before(30)).await, gone(2, reached));
    assert!(!is_there(&stores, expired).await);
    assert!(!is_there(&stores, signed_out).await);
    assert!(is_there(&stores, later_out).await);
    let left = stores.sessions.find(later_out).await.unwrap().unwrap();
    let over = stores.sessions.over(left.account.id, expired, now()).await;
    assert_eq!(over.unwrap(), Some(EndReason::SignedOut));
}

/// Their age is no reason.
pub async fn live_sessions_stay_however_old(stores: Stores) {
    let people = People::new(1);
    let [live] = sessions(&stores, &people, [60]).await;
    let batch = all_before(RecordKind::Sessions, later(MINUTE * 60));
    assert_eq!(remove(&stores, batch).await, Removed::default());
    assert!(is_there(&stores, live).await);
}

/// To the microsecond, though they are found by their ids.
pub async fn audit_rows_go_by_when_they_were_written(stores: Stores) {
    let people = People::new(1);
    let times = [0, 999, 1_000, 1_500, 2_001];
    for micros in times {
        let at = later(Duration::from_micros(micros));
        let row = AuditEvent::new(AuditAction::CodeSent, at, people.randomness());
        stores.audit_log.append(&[row]).await.unwrap();
    }
    let before = |micros| {
        let before = later(Duration::from_micros(micros));
        all_before(RecordKind::AuditEvents, before)
    };
    assert_eq!(remove(&stores, before(0)).await, Removed::default());
    let reached = later(Duration::from_millis(1));
    assert_eq!(remove(&stores, before(1_500)).await, gone(3, reached));
    assert_eq!(stores.witness.audit().await.len(), 2);
}

/// Attempts and receipts; unfinished ones go, too.
pub async fn messages_take_along_what_is_told_of_them(stores: Stores) {
    let people = People::new(1);
    for minutes in [1, 2, 3] {
        message(&stores, &people, minutes).await;
    }
    let batch = all_before(RecordKind::Messages, later(MINUTE * 3));
    assert_eq!(remove(&stores, batch).await, gone(2, later(MINUTE * 2)));
    assert_eq!(stores.witness.sends().await.len(), 1);
    assert_eq!(stores.witness.attempts().await.len(), 1);
    assert_eq!(stores.witness.receipts().await.len(), 1);
    let since = stores.send_records.sent_since(now()).await.unwrap();
    assert_eq!(since.len(), 1, "{since:?}");
}

/// Whoever was to be told never heard of them.
pub async fn untold_events_go_by_when_they_happened(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    let mut creation = people.creation(&account);
    let happened = [1, 2, 3].map(|minutes| later(MINUTE * minutes));
    creation.outbox = happened
        .map(|at| OutboxEvent::new(account.id, Notice::UserUpdated, at, people.randomness()))
        .into();
    stores.accounts.apply(&creation).await.unwrap();
    let told = all_before(RecordKind::DeliveredEvents, later(HOUR));
    assert_eq!(remove(&stores, told).await, Removed::default());
    let batch = all_before(RecordKind::UndeliveredEvents, happened[2]);
    assert_eq!(remove(&stores, batch).await, gone(2, happened[1]));
    let left = stores.witness.outbox().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, creation.outbox[2].id.to_string());
}

/// From then on nobody remembers: it died long before.
pub async fn codes_that_were_used_go_by_when_they_were_spent(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    let creation = people.creation(&account);
    stores.accounts.apply(&creation).await.unwrap();
    let spend = |n: u8| {
        let step = Step::SpendCode(CodeId([n; 16]));
        let mut changes: Changes = people.changes(account.id, vec![seen(&account)], vec![step]);
        changes.audit[0].at = later(MINUTE * u32::from(n));
        changes
    };
    for n in [1, 2] {
        stores.accounts.apply(&spend(n)).await.unwrap();
    }
    let batch = all_before(RecordKind::SpentCodes, later(MINUTE * 2));
    assert_eq!(remove(&stores, batch).await, gone(1, later(MINUTE)));
    let again = stores.accounts.apply(&spend(2)).await;
    assert!(
        matches!(again, Err(AccountStoreError::CodeSpent)),
        "{again:?}"
    );
    stores.accounts.apply(&spend(1)).await.unwrap();
}

/// From then on the same one is carried out again.
pub async fn notices_go_by_when_they_were_carried_out(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    let creation = people.creation(&account);
    stores.accounts.apply(&creation).await.unwrap();
    let claim = |n: u8| {
        let step = Step::ClaimNotice(NoticeKey([n; 32]));
        let mut changes: Changes = people.changes(account.id, vec![seen(&account)], vec![step]);
        changes.audit[0].at = later(MINUTE * u32::from(n));
        changes
    };
    for n in [1, 2] {
        stores.accounts.apply(&claim(n)).await.unwrap();
    }
    let batch = all_before(RecordKind::Notices, later(MINUTE * 2));
    assert_eq!(remove(&stores, batch).await, gone(1, later(MINUTE)));
    stores.accounts.apply(&claim(1)).await.unwrap();
    let again = stores.accounts.apply(&claim(2)).await;
    assert!(
        matches!(again, Err(AccountStoreError::NoticeSeen)),
        "{again:?}"
    );
}

fn key(kid: &str) -> SealedSigningKey {
    SealedSigningKey {
        kid: kid.to_owned(),
        algorithm: "ES256".to_owned(),
        sealed_private_key: vec![7],
        not_before: now(),
        retire_at: None,
    }
}

/// Those that have been in the store, retired or not.
async fn kids(stores: &Stores) -> Vec<String> {
    let keys = stores.signing_keys.load(DateTime::UNIX_EPOCH).await;
    keys.unwrap().into_iter().map(|key| key.kid).collect()
}

async fn add(stores: &Stores, kid: &str, after: Option<&str>, retire_at: DateTime<Utc>) {
    let after = after.map(ToOwned::to_owned);
    let key = key(kid);
    let added = stores.signing_keys.add(&key, after, retire_at);
    assert!(added.await.unwrap());
}

/// Those in use stay.
pub async fn signing_keys_go_once_out_of_use(stores: Stores) {
    add(&stores, "a", None, now()).await;
    add(&stores, "b", Some("a"), later(MINUTE)).await;
    add(&stores, "c", Some("b"), later(MINUTE * 2)).await;
    let batch = |minutes| all_before(RecordKind::SigningKeys, later(MINUTE * minutes));
    assert_eq!(remove(&stores, batch(2)).await, gone(1, later(MINUTE)));
    assert_eq!(kids(&stores).await, ["b", "c"]);
    assert_eq!(remove(&stores, batch(60)).await, gone(1, later(MINUTE * 2)));
    assert_eq!(kids(&stores).await, ["c"]);
}

/// The next one is counted from it.
pub async fn the_newest_signing_key_stays(stores: Stores) {
    let retired = SealedSigningKey {
        retire_at: Some(now()),
        ..key("a")
    };
    let added = stores.signing_keys.add(&retired, None, now());
    assert!(added.await.unwrap());
    let batch = all_before(RecordKind::SigningKeys, later(HOUR));
    assert_eq!(remove(&stores, batch).await, Removed::default());
    assert_eq!(kids(&stores).await, ["a"]);
}

/// What it left, the next one finds.
pub async fn a_batch_has_no_more_than_its_limit(stores: Stores) {
    let people = People::new(1);
    for minutes in 0..5 {
        audit(&stores, &people, minutes).await;
    }
    let batch = Batch {
        limit: 2,
        ..all_before(RecordKind::AuditEvents, later(HOUR))
    };
    let rows = async || remove(&stores, batch).await.rows;
    assert_eq!([rows().await, rows().await, rows().await], [2, 2, 1]);
    assert_eq!(rows().await, 0);
}

/// In whatever order they were written.
pub async fn the_oldest_go_first(stores: Stores) {
    let people = People::new(1);
    for minutes in [3, 1, 4, 0, 2] {
        audit(&stores, &people, minutes).await;
        message(&stores, &people, minutes).await;
    }
    for kind in [RecordKind::AuditEvents, RecordKind::Messages] {
        let batch = Batch {
            limit: 2,
            ..all_before(kind, later(HOUR))
        };
        assert_eq!(remove(&stores, batch).await, gone(2, later(MINUTE)));
    }
    assert_eq!(audited(&stores).await, ["2", "3", "4"]);
    let sends = stores.witness.sends().await;
    let left: Vec<_> = sends.iter().map(|row| row.at).collect();
    assert_eq!(left, [2, 3, 4].map(|minutes| later(MINUTE * minutes)));
}

/// What is older than that is not looked for.
pub async fn a_batch_begins_where_the_last_one_ended(stores: Stores) {
    let people = People::new(1);
    for minutes in 0..4 {
        audit(&stores, &people, minutes).await;
        message(&stores, &people, minutes).await;
    }
    let [.., signed_out] = sessions(&stores, &people, [1, 2, 60]).await;
    sign_out(&stores, &people, signed_out, 3).await;
    for (kind, rows) in [
        (RecordKind::AuditEvents, 2),
        (RecordKind::Messages, 2),
        (RecordKind::Sessions, 2),
    ] {
        let batch = Batch {
            since: Some(later(MINUTE * 2)),
            ..all_before(kind, later(HOUR))
        };
        assert_eq!(remove(&stores, batch).await, gone(rows, later(MINUTE * 3)));
    }
    assert_eq!(audited(&stores).await, ["0", "1"]);
}

/// Each removes its own rows only.
pub async fn kinds_do_not_touch_each_other(stores: Stores) {
    let people = People::new(1);
    audit(&stores, &people, 1).await;
    message(&stores, &people, 1).await;
    sessions(&stores, &people, [1]).await;
    add(&stores, "a", None, now()).await;
    let rows = async || {
        let witness = &stores.witness;
        [
            witness.audit().await.len(),
            witness.outbox().await.len(),
            witness.sends().await.len(),
            kids(&stores).await.len(),
        ]
    };
    let before = rows().await;
    remove(&stores, all_before(RecordKind::Sessions, later(HOUR))).await;
    assert_eq!(rows().await, before);
    remove(&stores, all_before(RecordKind::AuditEvents, later(HOUR))).await;
    // Those about the message are younger.
    assert_eq!(rows().await, [2, before[1], before[2], before[3]]);
    remove(
        &stores,
        all_before(RecordKind::UndeliveredEvents, later(HOUR)),
    )
    .await;
    assert_eq!(rows().await, [2, 0, before[2], before[3]]);
}

/// A holder of the lease that was frozen, for one.
pub async fn two_who_remove_the_same_remove_it_once(stores: Stores) {
    let people = People::new(1);
    for minutes in 0..40 {
        audit(&stores, &people, minutes).await;
        message(&stores, &people, minutes).await;
    }
    for kind in [RecordKind::AuditEvents, RecordKind::Messages] {
        let mut removers = JoinSet::new();
        for _ in 0..4 {
            let store = Arc::clone(&stores.retention);
            let batch = Batch {
                limit: 3,
                ..all_before(kind, later(HOUR))
            };
            removers.spawn(async move {
                let mut removed = 0;
                for _ in 0..20 {
                    removed += store.remove(batch).await.unwrap().rows;
                }
                removed
            });
        }
        let removed: u64 = removers.join_all().await.into_iter().sum();
        assert_eq!(removed, 40, "{kind:?}");
    }
    assert!(audited(&stores).await.is_empty());
    assert!(stores.witness.attempts().await.is_empty());
}
