//! What operators do, with mocked ports: each conflict, each failure, and what must
//! not be called.

use chrono::TimeDelta;
use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::administration::{self, ActReason, AdminConflict, Due};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::operator::{Operator, OperatorScope};
use menshen_domain::model::record::Counts;
use menshen_domain::model::session::EndReason;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::sms_message::AskedThrough;
use menshen_domain::model::test_number::NewTestNumber;
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::ports::admin_reader::{AdminReaderError, MockAdminReader};
use menshen_domain::ports::test_number_store::{MockTestNumberStore, TestNumberStoreError};
use menshen_domain::services::administration::{
    Act, Administration, AdministrationError, DaySpan, FoundBy, PART, TestNumberRefusal,
};

use crate::desk::{Desk, actions, notices, steps};
use crate::support::people::{
    Holding, account, app, cancelling, openid, origin, platform, union_id,
};
use crate::support::{away, epoch, phone, session_id, user};

fn act(name: &'static str) -> Act {
    Act {
        operator: Operator::with_key("ops.alice", OperatorScope::Write).expect("a name"),
        name,
        origin: origin(),
        reason: Some(ActReason::parse("ticket 4711").expect("a reason")),
    }
}

fn open(desk: Desk) -> Administration {
    desk.open()
        .administration(MockAdminReader::new(), MockTestNumberStore::new())
}

/// The account that is asked for by its id.
fn known(account: Account) -> Snapshot {
    Snapshot {
        signed_in: Some(account),
        ..Snapshot::default()
    }
}

fn conflict(outcome: Result<Account, AdministrationError>) -> AdminConflict {
    match outcome {
        Err(AdministrationError::Conflict(conflict)) => conflict,
        other => panic!("no conflict: {other:?}"),
    }
}

#[tokio::test]
async fn a_disabled_account_loses_its_sessions_in_the_same_step() {
    let mut desk = Desk::default();
    desk.observed(known(account(1)));
    let applied = desk.applied();
    let disabled = open(desk).disable(&act("users.disable"), user(1)).await;
    assert_eq!(disabled.unwrap().status, AccountStatus::DISABLED);
    let changes = applied.only();
    assert_eq!(steps(&changes), ["disable", "end sessions"]);
    assert_eq!(actions(&changes), [AuditAction::AccountDisabled]);
    assert_eq!(notices(&changes), ["user.disabled"]);
    assert!(changes.expected[0].changed);
    let row = &changes.audit[0];
    assert_eq!(row.actor.as_deref(), Some("ops.alice"));
    assert_eq!(row.reason.as_deref(), Some("ticket 4711"));
    assert_eq!(row.method, Some("users.disable"));
}

/// Nobody leaves and comes back past being shut, and the erasure goes on.
#[tokio::test]
async fn who_is_leaving_is_shut_and_opened_with_the_time_of_erasure() {
    let shut = AccountStatus::Disabled {
        purge_at: cancelling().purge_at(),
    };
    let mut desk = Desk::default();
    desk.observed(known(account(1).with_status(cancelling())));
    let applied = desk.applied();
    let outcome = open(desk).disable(&act("users.disable"), user(1)).await;
    assert_eq!(outcome.unwrap().status, shut);
    assert_eq!(steps(&applied.only()), ["disable", "end sessions"]);
    let mut desk = Desk::default();
    desk.observed(known(account(1).with_status(shut)));
    let _applied = desk.applied();
    let outcome = open(desk).enable(&act("users.enable"), user(1)).await;
    assert_eq!(outcome.unwrap().status, cancelling());
}

#[tokio::test]
async fn what_is_so_already_is_not_written_again() {
    for (status, disable) in [
        (AccountStatus::DISABLED, true),
        (AccountStatus::Active, false),
    ] {
        let mut desk = Desk::default();
        desk.observed(known(account(1).with_status(status)));
        let audited = desk.audited();
        let desk = open(desk);
        let outcome = if disable {
            desk.disable(&act("users.disable"), user(1)).await
        } else {
            desk.enable(&act("users.enable"), user(1)).await
        };
        assert_eq!(outcome.unwrap().status, status);
        assert_eq!(audited.actions(), [AuditAction::AdminRefused]);
        assert_eq!(audited.all()[0].reason.as_deref(), Some("nothing_to_do"));
    }
}

#[tokio::test]
async fn an_account_that_somebody_changed_meanwhile_is_looked_at_again() {
    let mut desk = Desk::default();
    desk.observed(known(account(1)));
    let tried = desk.not_applied(|| AccountStoreError::Stale);
    let outcome = open(desk).disable(&act("users.disable"), user(1)).await;
    assert!(matches!(outcome, Err(AdministrationError::Unavailable(_))));
    assert_eq!(tried.all().len(), 12);
}

#[tokio::test]
async fn whom_nobody_knows_is_not_found_and_told() {
    let mut desk = Desk::default();
    desk.observed(Snapshot::default());
    let audited = desk.audited();
    let outcome = open(desk).enable(&act("users.enable"), user(1)).await;
    assert!(matches!(outcome, Err(AdministrationError::NotFound)));
    assert_eq!(audited.actions(), [AuditAction::AdminRefused]);
}

/// Each status, as the page of administration tells it.
#[test]
fn an_account_is_shut_and_opened_by_its_status() {
    let merged = AccountStatus::Merged { into: user(9) };
    for (status, disable, enable) in [
        (AccountStatus::Active, Ok(Due::Change), Ok(Due::Nothing)),
        (AccountStatus::DISABLED, Ok(Due::Nothing), Ok(Due::Change)),
        (
            cancelling(),
            Ok(Due::Change),
            Err(AdminConflict::Cancelling),
        ),
        (
            merged,
            Err(AdminConflict::Merged),
            Err(AdminConflict::Merged),
        ),
        (
            AccountStatus::Erased,
            Err(AdminConflict::Erased),
            Err(AdminConflict::Erased),
        ),
    ] {
        let account = account(1).with_status(status);
        assert_eq!(administration::disable(&account), disable, "{status:?}");
        assert_eq!(administration::enable(&account), enable, "{status:?}");
    }
}

#[test]
fn the_last_way_in_goes_only_when_that_is_said() {
    let only = account(1).with_phone(&phone(1));
    let more = only.clone().with_openid(&app(0), openid(0));
    let detach = administration::detach_phone;
    assert_eq!(detach(&only, false), Err(AdminConflict::LastIdentity));
    assert_eq!(detach(&only, true), Ok(Due::Change));
    assert_eq!(detach(&more, false), Ok(Due::Change));
    assert_eq!(detach(&account(1), false), Ok(Due::Nothing));
    for status in [cancelling(), AccountStatus::DISABLED] {
        assert_eq!(
            detach(&more.clone().with_status(status), false),
            Ok(Due::Change)
        );
    }
    let gone = more.with_status(AccountStatus::Erased);
    assert_eq!(detach(&gone, true), Err(AdminConflict::Erased));
}

/// As the rules of linking have it: only an account without a number moves, and only
/// into one that has nothing in the same place.
#[test]
fn accounts_become_one_by_the_rules_of_linking() {
    let bare = account(1);
    let phoned = account(2).with_phone(&phone(2));
    let wechat = account(3).with_openid(&app(0), openid(3));
    let same_app = account(4)
        .with_phone(&phone(4))
        .with_openid(&app(0), openid(4));
    let platform_of = |n| account(n).with_union_id(platform(0), union_id(n));
    let merge = administration::merge;
    for (from, into) in [
        (&bare, &phoned),
        (&wechat, &phoned),
        (&bare, &wechat),
        (&wechat, &bare),
    ] {
        assert_eq!(merge(from, into), Ok(()));
    }
    for (from, into, conflict) in [
        (bare.clone(), bare.clone(), AdminConflict::SameAccount),
        (
            phoned.clone(),
            same_app.clone(),
            AdminConflict::BothHavePhone,
        ),
        (
            phoned.clone(),
            bare.clone(),
            AdminConflict::SurvivorWithoutPhone,
        ),
        (wechat.clone(), same_app, AdminConflict::SamePlace),
        (platform_of(5), platform_of(6), AdminConflict::SamePlace),
        (
            bare.clone(),
            phoned.clone().with_status(AccountStatus::DISABLED),
            AdminConflict::Disabled,
        ),
        (
            bare.clone().with_status(cancelling()),
            phoned.clone(),
            AdminConflict::Cancelling,
        ),
        (
            bare.clone().with_status(AccountStatus::Erased),
            phoned,
            AdminConflict::Erased,
        ),
    ] {
        assert_eq!(merge(&from, &into), Err(conflict));
    }
}

#[tokio::test]
async fn a_detached_number_ends_all_sessions() {
    let mut desk = Desk::default();
    let holder = account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0));
    desk.observed(known(holder));
    desk.codes_end(user(1), phone(1), true);
    let lost = desk.handed_over();
    let applied = desk.applied();
    let detached = open(desk)
        .detach_phone(&act("users.detach_phone"), user(1), false)
        .await;
    assert_eq!(detached.unwrap().phone, None);
    let changes = applied.only();
    assert_eq!(steps(&changes), ["no phone", "end sessions"]);
    assert_eq!(actions(&changes), [AuditAction::PhoneRemoved]);
    assert_eq!(notices(&changes), ["user.phone_removed"]);
    let lost = lost.only();
    assert_eq!((lost.user, lost.phone), (user(1), phone(1)));
    assert_eq!(lost.asked, AskedThrough::Operator);
}

#[tokio::test]
async fn a_merge_demands_both_accounts_as_they_were_seen() {
    let mut desk = Desk::default();
    let (stays, goes) = (account(1).with_phone(&phone(1)), account(2));
    for account in [stays.clone(), goes.clone()] {
        let id = account.id;
        desk.accounts
            .expect_observe()
            .withf(move |lookup| lookup.signed_in == Some(id))
            .returning(move |_| Ok(known(account.clone())));
    }
    let applied = desk.applied();
    let merged = open(desk)
        .merge(&act("users.merge"), goes.id, stays.id)
        .await;
    assert_eq!(merged.unwrap().id, stays.id);
    let changes = applied.only();
    assert_eq!(steps(&changes), ["merge"]);
    assert_eq!(actions(&changes), [AuditAction::Merged]);
    let mut expected: Vec<_> = changes
        .expected
        .iter()
        .map(|one| (one.user, one.changed))
        .collect();
    expected.sort();
    let mut both = vec![(stays.id, true), (goes.id, true)];
    both.sort();
    assert_eq!(expected, both);
}

/// The two are read one after the other; a merge between the reads shows an identity
/// in both.
#[tokio::test]
async fn a_merge_that_was_seen_half_done_is_looked_at_again() {
    let mut desk = Desk::default();
    let before = account(2).with_openid(&app(0), openid(2));
    let stays = account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(2));
    let mut after = account(2).with_status(AccountStatus::Merged { into: stays.id });
    after.version = before.version + 1;
    let (goes, survivor) = (before.id, stays.id);
    let mut first = Some(before);
    desk.accounts.expect_observe().returning(move |lookup| {
        let account = match lookup.signed_in {
            Some(id) if id == survivor => stays.clone(),
            _ => first.take().unwrap_or_else(|| after.clone()),
        };
        Ok(known(account))
    });
    let audited = desk.audited();
    let outcome = open(desk).merge(&act("users.merge"), goes, survivor).await;
    assert_eq!(conflict(outcome), AdminConflict::Merged);
    assert_eq!(audited.actions(), [AuditAction::AdminRefused]);
}

#[tokio::test]
async fn a_conflict_is_told_and_changes_nothing() {
    let mut desk = Desk::default();
    desk.observed(known(account(1).with_status(cancelling())));
    let audited = desk.audited();
    let outcome = open(desk).enable(&act("users.enable"), user(1)).await;
    assert_eq!(conflict(outcome), AdminConflict::Cancelling);
    let rows = audited.all();
    assert_eq!(rows[0].action, AuditAction::AdminRefused);
    assert_eq!(rows[0].reason.as_deref(), Some("cancelling"));
    assert_eq!(rows[0].user, Some(user(1)));
}

#[tokio::test]
async fn one_session_that_does_not_live_is_not_found() {
    let mut desk = Desk::default();
    desk.sessions
        .expect_end()
        .returning(|_, _, _, _, _| Ok(Vec::new()));
    let audited = desk.audited();
    let desk = open(desk);
    let one = SessionsOf::One(session_id(1));
    let outcome = desk
        .end_sessions(&act("users.end_sessions"), user(1), one)
        .await;
    assert!(matches!(outcome, Err(AdministrationError::NotFound)));
    let all = desk
        .end_sessions(&act("users.end_sessions"), user(1), SessionsOf::All)
        .await;
    assert!(all.unwrap().is_empty());
    assert_eq!(audited.actions(), [AuditAction::AdminRefused; 2]);
}

/// Account by account, each with its row; a full part says where the next begins.
#[tokio::test]
async fn everybody_is_signed_out_part_by_part() {
    for (accounts, next) in [(0, None), (3, None), (u128::from(PART), Some(PART))] {
        let mut desk = Desk::default();
        let users: Vec<_> = (1..=accounts).map(user).collect();
        let last = users.last().copied();
        let mut reader = MockAdminReader::new();
        reader
            .expect_signed_in()
            .withf(|after, limit| *after == Some(user(0)) && *limit == PART)
            .once()
            .returning(move |_, _| Ok(users.clone()));
        desk.sessions
            .expect_end()
            .withf(|user, which, reason, _, row| {
                let told = row.actor.as_deref() == Some("ops.alice") && row.user == Some(*user);
                *which == SessionsOf::All && *reason == EndReason::SignedOut && told
            })
            .times(usize::try_from(accounts).unwrap())
            .returning(|_, _, _, _, _| Ok(vec![session_id(1), session_id(2)]));
        let audited = desk.audited();
        let desk = desk
            .open()
            .administration(reader, MockTestNumberStore::new());
        let act = act("sessions.end_everybody");
        let part = desk.end_everybody(&act, Some(user(0))).await.unwrap();
        assert_eq!(part.sessions as u128, accounts * 2);
        assert_eq!(part.next, next.and(last));
        assert_eq!(audited.all().len(), usize::from(accounts == 0));
    }
}

/// With the log away, nothing is shown.
#[tokio::test]
async fn nobody_looks_unseen() {
    let mut desk = Desk::default();
    desk.observed(known(account(1)));
    desk.audit_away();
    let found = open(desk)
        .find(&act("users.search"), &FoundBy::Id(user(1)))
        .await;
    assert!(matches!(found, Err(AdministrationError::Unavailable(_))));
    let mut desk = Desk::default();
    desk.audit_away();
    let day = DaySpan::today(epoch(), 0).unwrap();
    // Nothing is counted either: the reader has no expectation.
    let counted = open(desk).count_day(&act("counters.show"), day).await;
    assert!(matches!(counted, Err(AdministrationError::Unavailable(_))));
}

#[tokio::test]
async fn what_was_looked_for_is_told_masked() {
    let mut desk = Desk::default();
    desk.observed(Snapshot::default());
    let audited = desk.audited();
    let found = open(desk)
        .find(&act("users.search"), &FoundBy::Phone(phone(1)))
        .await;
    assert!(found.unwrap().is_none());
    let rows = audited.all();
    assert_eq!(rows[0].subject.as_deref(), Some(phone(1).masked().as_str()));
}

/// An hour that is over is asked for once, also when a later one fails.
#[tokio::test]
async fn a_day_that_was_interrupted_goes_on_where_it_stopped() {
    let mut desk = Desk::default();
    let yesterday = epoch() - TimeDelta::days(1);
    let _audited = desk.audited();
    let mut reader = MockAdminReader::new();
    let mut asked = 0;
    reader.expect_counts().times(25).returning(move |_, _| {
        asked += 1;
        match asked {
            10 => Err(AdminReaderError(away())),
            _ => Ok(Counts::default()),
        }
    });
    let desk = desk
        .open()
        .administration(reader, MockTestNumberStore::new());
    let day = DaySpan::today(yesterday, 0).unwrap();
    let first = desk.count_day(&act("counters.show"), day).await;
    assert!(matches!(first, Err(AdministrationError::Unavailable(_))));
    for _ in 0..2 {
        let counted = desk.count_day(&act("counters.show"), day).await.unwrap();
        assert_eq!(counted.hours.len(), 24);
        assert_eq!(counted.as_of, day.to());
    }
}

fn new_number(until: chrono::DateTime<chrono::Utc>) -> NewTestNumber {
    NewTestNumber {
        phone: phone(1),
        code: SmsCode::parse("246810").expect("a code"),
        until,
        note: None,
    }
}

#[tokio::test]
async fn a_test_number_has_an_end_within_ninety_days() {
    for (until, good) in [
        (epoch(), false),
        (epoch() + TimeDelta::seconds(1), true),
        (epoch() + TimeDelta::days(90), true),
        (epoch() + TimeDelta::days(90) + TimeDelta::seconds(1), false),
    ] {
        let mut desk = Desk::default();
        let _audited = desk.audited();
        let mut store = MockTestNumberStore::new();
        if good {
            desk.observed(Snapshot::default());
            store.expect_list().once().returning(|_| Ok(Vec::new()));
            store.expect_put().once().returning(|_, _| Ok(()));
        }
        let desk = desk.open().administration(MockAdminReader::new(), store);
        let made = desk
            .make_test_number(&act("test_numbers.make"), new_number(until))
            .await;
        match made {
            Ok(made) => assert!(good && made.made_by == "ops.alice"),
            Err(AdministrationError::TestNumber(TestNumberRefusal::End)) => assert!(!good),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_full_list_of_test_numbers_is_told_as_such() {
    let mut store = MockTestNumberStore::new();
    store.expect_list().returning(|_| Ok(Vec::new()));
    store
        .expect_put()
        .returning(|_, _| Err(TestNumberStoreError::Full));
    let mut desk = Desk::default();
    desk.observed(Snapshot::default());
    let desk = desk.open().administration(MockAdminReader::new(), store);
    let new = new_number(epoch() + TimeDelta::days(1));
    let made = desk.make_test_number(&act("test_numbers.make"), new).await;
    let refusal = AdministrationError::TestNumber(TestNumberRefusal::TooMany);
    assert_eq!(made.unwrap_err().to_string(), refusal.to_string());
}
