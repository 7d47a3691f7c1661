use std::sync::{Arc, Mutex};

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::import_decision::LeftReason;
use menshen_domain::model::imported_person::{ImportedDetails, ImportedPerson, WaysIn};
use menshen_domain::model::importing::{ImportBatch, ImportKeys, KnownAccounts};
use menshen_domain::model::operator::Operator;
use menshen_domain::model::policy::{AccountPolicy, RequirePhone};
use menshen_domain::model::profile::Nickname;
use menshen_domain::model::recycled::RecycledPhone;
use menshen_domain::ports::account_import::{AccountImportError, MockAccountImport};
use menshen_domain::services::import_accounts::{DryRun, ImportAccounts, Imported, MOST_AT_ONCE};

use crate::support::people::{Holding as _, account, app, openid, platform, union_id};
use crate::support::{at, away, clock_at, phone, randomness, secs};

fn ways_in(n: u32) -> WaysIn {
    let app = app(0);
    WaysIn {
        phone: Some(phone(n)),
        openids: vec![(app.kind.provider(), app.id, openid(n))],
        union_ids: vec![(platform(0), union_id(n))],
    }
}

fn given(ways_in: WaysIn, details: ImportedDetails) -> ImportedPerson {
    ImportedPerson::new(None, ways_in, details, at(1_000)).expect("a person")
}

fn somebody(n: u32) -> ImportedPerson {
    given(ways_in(n), ImportedDetails::default())
}

fn by_phone(n: u32) -> ImportedPerson {
    let ways_in = WaysIn {
        phone: Some(phone(n)),
        ..WaysIn::default()
    };
    given(ways_in, ImportedDetails::default())
}

fn whole(n: u32) -> Account {
    account(n)
        .with_phone(&phone(n))
        .with_openid(&app(0), openid(n))
        .with_union_id(platform(0), union_id(n))
}

/// What was looked up, and what was written.
#[derive(Clone, Default)]
struct Seen {
    asked: Arc<Mutex<Vec<ImportKeys>>>,
    written: Arc<Mutex<Vec<ImportBatch>>>,
}

impl Seen {
    fn only(&self) -> ImportBatch {
        let written = self.written.lock().expect("no panic");
        assert_eq!(written.len(), 1);
        written[0].clone()
    }
}

/// A store that holds these accounts, and answers `outcome` to whatever is to be
/// written.
fn store(
    known: Vec<Account>,
    outcome: impl Fn(usize) -> Result<(), AccountImportError> + Send + 'static,
) -> (MockAccountImport, Seen) {
    let seen = Seen::default();
    let (asked, written) = (seen.asked.clone(), seen.written.clone());
    let mut store = MockAccountImport::new();
    store.expect_observe().returning(move |keys| {
        asked.lock().expect("no panic").push(keys.clone());
        Ok(KnownAccounts::new(known.clone()))
    });
    store.expect_apply().returning(move |batch| {
        let mut written = written.lock().expect("no panic");
        written.push(batch.clone());
        outcome(written.len())
    });
    (store, seen)
}

fn policy() -> AccountPolicy {
    AccountPolicy {
        require_phone: RequirePhone::Never,
        merge: true,
        confirm_wechat_phone: false,
        consent_version: Some("7".to_owned()),
        default_avatar: None,
        nickname_prefix: "用户".to_owned(),
        cancel_after: secs(0),
        recycled_phone: RecycledPhone::Off,
    }
}

pub(crate) fn import(store: MockAccountImport) -> ImportAccounts {
    ImportAccounts {
        accounts: Arc::new(store),
        clock: clock_at(at(1_000)),
        randomness: randomness(),
        policy: Arc::new(policy()),
        operator: Operator::on_the_command_line("carol"),
        dry_run: None,
        quiet: false,
    }
}

#[tokio::test]
async fn whoever_is_new_gets_an_account_with_all_that_was_given() {
    let (store, seen) = store(Vec::new(), |_| Ok(()));
    let details = ImportedDetails {
        nickname: Nickname::parse("小明").ok(),
        created_at: Some(at(10)),
        last_login_at: Some(at(20)),
        disabled: true,
        ..ImportedDetails::default()
    };
    let outcomes = import(store)
        .execute(&[given(ways_in(1), details)])
        .await
        .expect("outcomes");
    let batch = seen.only();
    let [made] = batch.made.as_slice() else {
        panic!("{batch:?}");
    };
    let account = &made.account;
    assert_eq!(outcomes, [Imported::Created(account.id)]);
    assert_eq!(account.status, AccountStatus::DISABLED);
    assert_eq!(account.profile.nickname.as_str(), "小明");
    assert_eq!(
        (
            account.created_at,
            account.last_login_at,
            account.updated_at
        ),
        (at(10), at(20), at(1_000))
    );
    assert_eq!(made.intake.phone, Some(phone(1)));
    assert_eq!(made.intake.identities[0].openid, openid(1));
    assert_eq!(made.intake.union_ids[0].2, union_id(1));
    let actions: Vec<_> = batch.audit.iter().map(|row| row.action).collect();
    assert_eq!(
        actions,
        [
            AuditAction::AccountCreated,
            AuditAction::Linked,
            AuditAction::Linked,
            AuditAction::AccountDisabled
        ]
    );
    for row in &batch.audit {
        assert_eq!(row.actor.as_deref(), Some("cli:carol"));
        assert_eq!(row.method, Some("import"));
        assert_eq!((row.address, row.session), (None, None));
        let subject = row.subject.as_deref().unwrap_or_default();
        assert!(!subject.contains(phone(1).as_e164()), "{row:?}");
    }
    let events: Vec<_> = batch
        .outbox
        .iter()
        .map(|event| event.notice.as_str())
        .collect();
    assert_eq!(
        events,
        [
            "user.created",
            "user.phone_changed",
            "user.identity_linked",
            "user.disabled"
        ]
    );
}

#[tokio::test]
async fn whoever_is_there_and_lacks_nothing_is_not_written() {
    let (store, seen) = store(vec![whole(1), whole(2)], |_| Ok(()));
    let outcomes = import(store)
        .execute(&[somebody(1), by_phone(2)])
        .await
        .expect("outcomes");
    assert_eq!(
        outcomes,
        [
            Imported::Unchanged(whole(1).id),
            Imported::Unchanged(whole(2).id)
        ]
    );
    assert!(seen.written.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn an_account_takes_in_what_it_lacks_and_its_profile_stays() {
    let (store, seen) = store(vec![account(1).with_phone(&phone(1))], |_| Ok(()));
    let details = ImportedDetails {
        nickname: Nickname::parse("somebody else").ok(),
        ..ImportedDetails::default()
    };
    let outcomes = import(store)
        .execute(&[given(ways_in(1), details)])
        .await
        .expect("outcomes");
    assert_eq!(outcomes, [Imported::Completed(account(1).id)]);
    let batch = seen.only();
    assert!(batch.made.is_empty());
    let one = &batch.completed[0];
    assert_eq!((one.user, one.version), (account(1).id, 1));
    assert_eq!(one.intake.phone, None);
    assert_eq!(one.intake.identities.len(), 1);
    assert_eq!(one.intake.union_ids.len(), 1);
    let events: Vec<_> = batch
        .outbox
        .iter()
        .map(|event| event.notice.as_str())
        .collect();
    assert_eq!(events, ["user.identity_linked"]);
}

#[tokio::test]
async fn a_dry_run_decides_and_writes_nothing() {
    let (store, seen) = store(vec![whole(1)], |_| Ok(()));
    let mut import = import(store);
    import.dry_run = Some(DryRun::default());
    let outcomes = import
        .execute(&[somebody(1), somebody(2)])
        .await
        .expect("outcomes");
    assert!(matches!(
        outcomes.as_slice(),
        [Imported::Unchanged(_), Imported::Created(_)]
    ));
    assert!(seen.written.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn who_imports_quietly_tells_the_audit_log_only() {
    let (store, seen) = store(Vec::new(), |_| Ok(()));
    let mut import = import(store);
    import.quiet = true;
    import.execute(&[somebody(1)]).await.expect("outcomes");
    let batch = seen.only();
    assert!(batch.outbox.is_empty() && !batch.audit.is_empty());
}

#[tokio::test]
async fn people_who_may_be_one_are_not_decided_at_once() {
    // The second names the number of the first: what that one makes must be seen.
    let (one, seen) = store(Vec::new(), |_| Ok(()));
    let outcomes = import(one)
        .execute(&[somebody(1), by_phone(1), by_phone(2)])
        .await
        .expect("outcomes");
    assert_eq!(outcomes.len(), 1);
    assert_eq!(seen.only().made.len(), 1);
    // These two meet at one account, by different keys.
    let (two, seen) = store(
        vec![
            account(1)
                .with_phone(&phone(1))
                .with_union_id(platform(0), union_id(1)),
        ],
        |_| Ok(()),
    );
    let app = app(0);
    let by_union_id = WaysIn {
        union_ids: vec![(platform(0), union_id(1))],
        openids: vec![(app.kind.provider(), app.id.clone(), openid(2))],
        ..WaysIn::default()
    };
    let by_number = WaysIn {
        phone: Some(phone(1)),
        openids: vec![(app.kind.provider(), app.id, openid(3))],
        ..WaysIn::default()
    };
    let people = [by_union_id, by_number].map(|ways_in| given(ways_in, ImportedDetails::default()));
    let outcomes = import(two).execute(&people).await.expect("outcomes");
    assert_eq!(outcomes, [Imported::Completed(account(1).id)]);
    assert_eq!(seen.only().completed.len(), 1);
}

#[tokio::test]
async fn no_more_than_a_batch_is_taken() {
    let (store, seen) = store(Vec::new(), |_| Ok(()));
    let many = u32::try_from(MOST_AT_ONCE).expect("a small number") + 5;
    let people: Vec<_> = (0..many).map(by_phone).collect();
    let outcomes = import(store).execute(&people).await.expect("outcomes");
    assert_eq!(outcomes.len(), MOST_AT_ONCE);
    let asked = seen.asked.lock().expect("no panic");
    assert_eq!(asked[0].phones.len(), MOST_AT_ONCE);
}

#[tokio::test]
async fn what_changed_meanwhile_is_observed_again_in_a_smaller_batch() {
    let (store, seen) = store(Vec::new(), |round| match round {
        1 | 2 => Err(AccountImportError::Stale),
        _ => Ok(()),
    });
    let people: Vec<_> = (0..8).map(by_phone).collect();
    let outcomes = import(store).execute(&people).await.expect("outcomes");
    assert_eq!(outcomes.len(), 2);
    let sizes: Vec<_> = seen
        .written
        .lock()
        .expect("no panic")
        .iter()
        .map(|batch| batch.made.len())
        .collect();
    assert_eq!(sizes, [8, 4, 2]);
}

#[tokio::test]
async fn whoever_never_stands_still_is_left_and_the_others_go_on() {
    let (store, _) = store(Vec::new(), |_| Err(AccountImportError::Stale));
    let people: Vec<_> = (0..8).map(by_phone).collect();
    let outcomes = import(store).execute(&people).await.expect("outcomes");
    assert_eq!(outcomes, [Imported::Left(LeftReason::Busy, Vec::new())]);
}

#[tokio::test]
async fn a_store_that_is_away_ends_it() {
    let (store, seen) = store(Vec::new(), |_| Err(AccountImportError::Unavailable(away())));
    let error = import(store).execute(&[somebody(1)]).await;
    assert!(matches!(error, Err(AccountImportError::Unavailable(_))));
    assert_eq!(seen.written.lock().expect("no panic").len(), 1);
    let mut gone = MockAccountImport::new();
    gone.expect_observe()
        .returning(|_| Err(AccountImportError::Unavailable(away())));
    let error = import(gone).execute(&[somebody(1)]).await;
    assert!(matches!(error, Err(AccountImportError::Unavailable(_))));
}

/// What is told of somebody who is given like this, where these accounts are.
async fn left(known: Vec<Account>, person: ImportedPerson) -> (LeftReason, Vec<UserId>) {
    let (store, seen) = store(known, |_| Ok(()));
    let outcomes = import(store).execute(&[person]).await.expect("outcomes");
    assert!(seen.written.lock().expect("no panic").is_empty());
    match outcomes.into_iter().next() {
        Some(Imported::Left(reason, users)) => (reason, users),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_somebody_has_to_look_at_is_left_as_it_is() {
    let reason = async |known: Account, person| {
        let id = known.id;
        let (reason, users) = left(vec![known], person).await;
        assert_eq!(users, [id]);
        reason
    };
    let other_phone = account(1)
        .with_phone(&phone(9))
        .with_openid(&app(0), openid(1));
    assert_eq!(
        reason(other_phone, somebody(1)).await,
        LeftReason::OtherPhone
    );
    let other_openid = account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(9));
    assert_eq!(
        reason(other_openid, somebody(1)).await,
        LeftReason::OtherOpenId
    );
    let other_union_id = account(1)
        .with_phone(&phone(1))
        .with_union_id(platform(0), union_id(9));
    assert_eq!(
        reason(other_union_id, somebody(1)).await,
        LeftReason::OtherUnionId
    );
    let cancelling = AccountStatus::Cancelling {
        purge_at: at(9_999),
    };
    assert_eq!(
        reason(whole(1).with_status(cancelling), somebody(1)).await,
        LeftReason::AccountCancelling
    );
    let shut = account(1)
        .with_phone(&phone(1))
        .with_status(AccountStatus::DISABLED);
    assert_eq!(reason(shut, somebody(1)).await, LeftReason::AccountDisabled);
    let disabled = ImportedDetails {
        disabled: true,
        ..ImportedDetails::default()
    };
    assert_eq!(
        reason(whole(1), given(ways_in(1), disabled)).await,
        LeftReason::AccountOpen
    );
}

#[tokio::test]
async fn people_of_several_accounts_are_merged_by_nobody() {
    let known = vec![
        account(1).with_phone(&phone(1)),
        account(2).with_openid(&app(0), openid(1)),
        account(3).with_union_id(platform(0), union_id(1)),
    ];
    let (reason, mut users) = left(known, somebody(1)).await;
    assert_eq!(reason, LeftReason::SeveralAccounts);
    users.sort_unstable();
    assert_eq!(users, [account(1).id, account(2).id, account(3).id]);
}

#[tokio::test]
async fn an_id_that_is_asked_for_is_kept_or_it_is_told() {
    let id = UserId::parse("0198c0de-0000-7000-8000-00000000abcd").expect("an id");
    let with_id = || {
        ImportedPerson::new(Some(id), ways_in(1), ImportedDetails::default(), at(1_000))
            .expect("a person")
    };
    let (empty, seen) = store(Vec::new(), |_| Ok(()));
    import(empty).execute(&[with_id()]).await.expect("outcomes");
    assert_eq!(seen.only().made[0].account.id, id);
    let (reason, _) = left(vec![whole(1)], with_id()).await;
    assert_eq!(reason, LeftReason::OtherId);
    // Nobody who was erased or merged comes back.
    for status in [
        AccountStatus::Erased,
        AccountStatus::Merged { into: whole(2).id },
    ] {
        let gone = Account {
            id,
            ..account(1).with_status(status)
        };
        let (reason, users) = left(vec![gone], with_id()).await;
        assert_eq!((reason, users), (LeftReason::AccountGone, vec![id]));
    }
    let same = Account { id, ..whole(1) };
    let (there, _) = store(vec![same], |_| Ok(()));
    let outcomes = import(there).execute(&[with_id()]).await.expect("outcomes");
    assert_eq!(outcomes, [Imported::Unchanged(id)]);
}
