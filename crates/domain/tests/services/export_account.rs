use std::sync::Arc;

use menshen_domain::model::account::Account;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::limits::{LimitKey, LimitRule};
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::personal_records::{HistoryEntry, Newest, PersonalRecords};
use menshen_domain::ports::personal_records::{MockPersonalRecordsReader, PersonalRecordsError};
use menshen_domain::ports::rate_limiter::Admission;
use menshen_domain::services::export_account::{Export, ExportAccountError, LIMIT};
use menshen_domain::services::own_account::OwnAccountError;

use crate::desk::{Desk, reservation, signed_in};
use crate::support::people::{Holding, account, app, openid, origin};
use crate::support::{at, away, phone, secs};

fn somebody() -> Account {
    account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0))
}

fn found(one: &Account) -> Snapshot {
    Snapshot {
        signed_in: Some(one.clone()),
        ..Snapshot::default()
    }
}

fn newest<T>(rows: Vec<T>) -> Newest<T> {
    Newest::of(rows, LIMIT)
}

/// The number came at the thousandth second.
fn records() -> PersonalRecords {
    PersonalRecords {
        consent: None,
        sessions: newest(Vec::new()),
        history: newest(vec![HistoryEntry {
            at: at(1_000),
            action: "account.linked".to_owned(),
            method: None,
            reason: None,
            subject: Some(phone(1).masked()),
            address: None,
            device_id: None,
        }]),
    }
}

async fn run(
    desk: Desk,
    reader: MockPersonalRecordsReader,
    one: &Account,
) -> Result<Export, ExportAccountError> {
    let caller = signed_in(one);
    let export = desk.open().export_account(Arc::new(reader));
    export.execute(&caller, &origin()).await
}

/// One of five a day is had.
fn admitted(desk: &mut Desk) {
    desk.limiter
        .expect_reserve()
        .withf(|windows| {
            matches!(windows, [window] if window.key == LimitKey::Exports(account(1).id)
                && window.rule == LimitRule::Exports
                && (window.limit, window.per) == (5, secs(86_400)))
        })
        .once()
        .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
}

fn all_read() -> MockPersonalRecordsReader {
    let mut reader = MockPersonalRecordsReader::new();
    reader
        .expect_of_account()
        .withf(|user, limit| *user == account(1).id && *limit == LIMIT)
        .once()
        .returning(|_, _| Ok(records()));
    reader
}

#[tokio::test]
async fn all_that_is_held_is_given_out_and_told_of() {
    let one = somebody();
    let mut desk = Desk::default();
    desk.observed(found(&one));
    admitted(&mut desk);
    let audit = desk.audited();
    let mut reader = all_read();
    reader
        .expect_messages()
        .withf(|number, since, limit| {
            *number == phone(1) && *since == at(1_000 - 900) && *limit == LIMIT
        })
        .once()
        .returning(|_, _, _| Ok(newest(Vec::new())));
    let export = run(desk, reader, &one).await.expect("an export");
    assert_eq!((export.account, export.records), (one.clone(), records()));
    let rows = audit.all();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].action, AuditAction::Exported);
    assert_eq!(rows[0].user, Some(one.id));
    assert_eq!(rows[0].session, Some(signed_in(&one).session.id));
    assert_eq!(rows[0].address, Some(origin().address));
}

#[tokio::test]
async fn without_a_number_no_messages_are_looked_for() {
    let mut one = somebody();
    one.phone = None;
    let mut desk = Desk::default();
    desk.observed(found(&one));
    admitted(&mut desk);
    desk.audited();
    let export = run(desk, all_read(), &one).await.expect("an export");
    assert!(export.messages.rows.is_empty());
}

#[tokio::test]
async fn a_stolen_token_exports_nothing_and_costs_nothing() {
    let one = somebody();
    let mut desk = Desk {
        now: at(300),
        ..Desk::default()
    };
    desk.observed(found(&one));
    let error = run(desk, MockPersonalRecordsReader::new(), &one).await;
    assert!(matches!(
        error.unwrap_err(),
        ExportAccountError::Account(OwnAccountError::StepUpRequired(_))
    ));
}

#[tokio::test]
async fn a_day_has_so_many_exports() {
    let one = somebody();
    let mut desk = Desk::default();
    desk.observed(found(&one));
    desk.refused(LimitRule::Exports);
    let error = run(desk, MockPersonalRecordsReader::new(), &one).await;
    assert!(matches!(
        error.unwrap_err(),
        ExportAccountError::RateLimited { retry_after } if retry_after == secs(37)
    ));
}

#[tokio::test]
async fn what_cannot_be_counted_is_not_given_out() {
    let one = somebody();
    let mut desk = Desk::default();
    desk.observed(found(&one));
    desk.limiter_away();
    let error = run(desk, MockPersonalRecordsReader::new(), &one).await;
    assert!(matches!(
        error.unwrap_err(),
        ExportAccountError::Unavailable(_)
    ));
}

#[tokio::test]
async fn an_export_that_failed_does_not_count() {
    let one = somebody();
    let mut desk = Desk::default();
    desk.observed(found(&one));
    admitted(&mut desk);
    desk.released();
    let mut reader = MockPersonalRecordsReader::new();
    reader
        .expect_of_account()
        .once()
        .returning(|_, _| Err(PersonalRecordsError(away())));
    let error = run(desk, reader, &one).await.unwrap_err();
    assert!(matches!(error, ExportAccountError::Unavailable(_)));
}

#[tokio::test]
async fn nothing_is_given_out_that_the_log_does_not_tell_of() {
    let mut one = somebody();
    one.phone = None;
    let mut desk = Desk::default();
    desk.observed(found(&one));
    admitted(&mut desk);
    desk.audit_away();
    desk.released();
    let error = run(desk, all_read(), &one).await.unwrap_err();
    assert!(matches!(error, ExportAccountError::Unavailable(_)));
}
