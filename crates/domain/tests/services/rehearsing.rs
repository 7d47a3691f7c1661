//! A dry run tells of every row what the import tells.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::import_decision::LeftReason;
use menshen_domain::model::imported_person::{ImportedDetails, ImportedPerson, WaysIn};
use menshen_domain::model::importing::{ImportBatch, ImportKeys, Intake, KnownAccounts};
use menshen_domain::ports::account_import::{AccountImport, AccountImportError, MockAccountImport};
use menshen_domain::services::import_accounts::{DryRun, ImportAccounts, Imported};
use proptest::prelude::*;
use tokio::runtime::Builder;
use uuid::Uuid;

use crate::import_accounts::import;
use crate::support::people::{Holding as _, account, app, openid, platform, union_id};
use crate::support::{at, phone};

/// A store that keeps what it is told to write: a fake.
#[derive(Default)]
struct Kept(Mutex<Vec<Account>>);

impl Kept {
    fn accounts(&self) -> MutexGuard<'_, Vec<Account>> {
        self.0.lock().expect("no panic")
    }
}

fn take_in(account: &mut Account, intake: &Intake) {
    account.phone = account.phone.take().or_else(|| intake.phone.clone());
    account.identities.extend(intake.identities.iter().cloned());
    let union_ids = intake.union_ids.iter().cloned();
    let union_ids = union_ids.map(|(_, platform, union_id)| (platform, union_id));
    account.union_ids.extend(union_ids);
}

#[async_trait]
impl AccountImport for Kept {
    async fn observe(&self, _: &ImportKeys) -> Result<KnownAccounts, AccountImportError> {
        Ok(KnownAccounts::new(self.accounts().clone()))
    }

    async fn apply(&self, batch: &ImportBatch) -> Result<(), AccountImportError> {
        let mut accounts = self.accounts();
        for made in &batch.made {
            let mut account = made.account.clone();
            take_in(&mut account, &made.intake);
            accounts.push(account);
        }
        for completed in &batch.completed {
            let is_it = |one: &&mut Account| one.id == completed.user;
            let account = accounts.iter_mut().find(is_it).expect("it was found");
            account.version += 1;
            take_in(account, &completed.intake);
        }
        Ok(())
    }
}

/// What became of each person of a file.
fn told(before: &[Account], people: &[ImportedPerson], dry_run: Option<DryRun>) -> Vec<Imported> {
    let is_dry = dry_run.is_some();
    let store = Arc::new(Kept(Mutex::new(before.to_vec())));
    let import = ImportAccounts {
        accounts: store.clone(),
        dry_run,
        ..import(MockAccountImport::new())
    };
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let told = runtime.block_on(async {
        let mut told = Vec::new();
        while told.len() < people.len() {
            let some = import.execute(&people[told.len()..]).await;
            told.extend(some.expect("outcomes"));
        }
        told
    });
    if is_dry {
        assert_eq!(*store.accounts(), before, "nothing is written");
    }
    told
}

/// What a report tells of a row, without ids of accounts that were not made.
fn word(imported: &Imported) -> &'static str {
    match imported {
        Imported::Created(_) => "created",
        Imported::Completed(_) => "completed",
        Imported::Unchanged(_) => "unchanged",
        Imported::Left(reason, _) => reason.as_str(),
    }
}

fn words(told: &[Imported]) -> Vec<&'static str> {
    told.iter().map(word).collect()
}

/// Ids of accounts are of this kind.
fn id_of(n: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(
        0x0198_c0de_0000_7000_8000_0000_0000_0000 + n,
    ))
}

fn person(
    id: Option<u128>,
    phone_of: Option<u32>,
    openids: &[(u8, u32)],
    union_of: Option<u32>,
    disabled: bool,
) -> Option<ImportedPerson> {
    let openids = openids.iter().map(|(application, n)| {
        let app = app(*application);
        (app.kind.provider(), app.id, openid(*n))
    });
    let ways_in = WaysIn {
        phone: phone_of.map(phone),
        openids: openids.collect(),
        union_ids: union_of
            .map(|n| (platform(0), union_id(n)))
            .into_iter()
            .collect(),
    };
    let details = ImportedDetails {
        disabled,
        ..ImportedDetails::default()
    };
    ImportedPerson::new(id.map(id_of), ways_in, details, at(1_000)).ok()
}

fn by(phone_of: Option<u32>, openid_of: Option<u32>, union_of: Option<u32>) -> ImportedPerson {
    let openids: Vec<_> = openid_of.map(|n| (0, n)).into_iter().collect();
    person(None, phone_of, &openids, union_of, false).expect("a person")
}

/// Accounts of every kind, each with something that the rows may name.
fn there() -> Vec<Account> {
    let closed = |n, status| Account {
        status,
        ..account(n).with_phone(&phone(n))
    };
    let all = [
        account(1)
            .with_phone(&phone(1))
            .with_union_id(platform(0), union_id(1)),
        account(2).with_openid(&app(0), openid(2)),
        closed(3, AccountStatus::DISABLED),
        closed(4, AccountStatus::Erased),
    ];
    let ids = (1..).map(id_of);
    ids.zip(all)
        .map(|(id, one)| Account { id, ..one })
        .collect()
}

fn anybody() -> impl Strategy<Value = ImportedPerson> {
    let few = || proptest::option::of(1..6_u32);
    let openids = proptest::collection::vec((0..2_u8, 1..4_u32), 0..3);
    let id = proptest::option::weighted(0.2, 1..7_u128);
    (id, few(), openids, few(), proptest::bool::weighted(0.2)).prop_filter_map(
        "nobody",
        |(id, phone_of, openids, union_of, disabled)| {
            person(id, phone_of, &openids, union_of, disabled)
        },
    )
}

proptest! {
    #[test]
    fn a_dry_run_tells_what_the_import_tells(
        people in proptest::collection::vec(anybody(), 1..24),
    ) {
        let before = there();
        let dry = told(&before, &people, Some(DryRun::default()));
        let real = told(&before, &people, None);
        prop_assert_eq!(words(&dry), words(&real));
        for (dry, real) in dry.iter().zip(&real) {
            let (Imported::Completed(of_dry) | Imported::Unchanged(of_dry)) = dry else { continue };
            // Whoever was there is named; whoever was not made has no id but their own.
            if before.iter().any(|one| one.id == *of_dry) {
                prop_assert_eq!(dry, real);
            }
        }
    }
}

#[test]
fn rows_of_one_person_are_told_as_one() {
    let people = [
        by(Some(7), None, None),
        by(Some(7), None, None),
        by(Some(7), Some(7), None),
        by(None, Some(7), Some(7)),
        by(Some(8), None, Some(7)),
        by(Some(9), None, None),
        by(Some(9), Some(7), None),
    ];
    let told = told(&[], &people, Some(DryRun::default()));
    let several = LeftReason::SeveralAccounts.as_str();
    let other = LeftReason::OtherPhone.as_str();
    let expected = [
        "created",
        "unchanged",
        "completed",
        "completed",
        other,
        "created",
        several,
    ];
    assert_eq!(words(&told), expected);
}

#[test]
fn what_is_remembered_is_bounded_and_it_is_told() {
    let people: Vec<_> = (1..5).map(|n| by(Some(n), None, None)).collect();
    let twice = [&people[..], &people].concat();
    let dry_run = DryRun::remembering(2);
    let import = ImportAccounts {
        accounts: Arc::new(Kept::default()),
        dry_run: Some(dry_run),
        ..import(MockAccountImport::new())
    };
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let mut told = Vec::new();
    let is_full = || import.dry_run.as_ref().is_some_and(DryRun::is_full);
    assert!(!is_full());
    while told.len() < twice.len() {
        let some = runtime.block_on(import.execute(&twice[told.len()..]));
        told.extend(some.expect("outcomes"));
    }
    assert!(is_full());
    let mut expected = vec!["created"; 4];
    expected.extend(["unchanged", "unchanged", "created", "created"]);
    assert_eq!(words(&told), expected);
}
