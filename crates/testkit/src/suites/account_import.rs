//! What every `account_import` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

mod racing;
mod reading;
mod writing;

pub use racing::*;
pub use reading::*;
pub use writing::*;

use menshen_domain::model::account::Account;
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::event::{Notice, OutboxEvent};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::identifiers::IdentityId;
use menshen_domain::model::importing::{
    CompletedAccount, ImportBatch, ImportKeys, Intake, NewAccount,
};
use menshen_domain::model::operator::Operator;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::wechat::Provider;

use crate::people::{People, app_id, openid, platform, union_id};
use crate::sample::{now, phone};

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! account_import {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::account_import, $stores,
            no_keys_find_nothing,
            an_account_is_found_whole_by_each_key,
            many_accounts_are_found_at_once_and_once_each,
            openids_of_another_case_or_application_are_nobodys,
            an_erased_account_is_found_by_its_id_alone,
            a_batch_makes_whole_accounts,
            a_batch_completes_accounts,
            a_batch_is_told_by_whoever_did_it,
            a_batch_may_be_large,
            an_older_version_is_stale_and_nothing_is_written,
            what_is_taken_is_stale_and_nothing_is_written,
            racing_batches_make_each_account_once,
            a_batch_and_a_login_make_one_account,
        }
    };
}

/// What leads to person `n`, as [`People::whole_account`] has it.
fn keys_of(n: u32) -> ImportKeys {
    ImportKeys {
        ids: Vec::new(),
        phones: vec![phone(n)],
        openids: vec![(Provider::WeChatMiniProgram, app_id("wx1"), openid(n))],
        union_ids: vec![(platform(), union_id(n))],
    }
}

fn by_phone(number: PhoneNumber) -> ImportKeys {
    ImportKeys {
        phones: vec![number],
        ..ImportKeys::default()
    }
}

/// The batch that makes these accounts, with one audit row and one event each.
#[must_use]
pub fn making(people: &People, accounts: &[Account]) -> ImportBatch {
    let mut batch = ImportBatch {
        at: now(),
        ..ImportBatch::default()
    };
    for account in accounts {
        let bare = Account {
            phone: None,
            phone_proof: None,
            identities: Vec::new(),
            union_ids: Vec::new(),
            ..account.clone()
        };
        batch.made.push(NewAccount {
            account: bare,
            intake: intake(people, account),
        });
        tell(people, &mut batch, account, AuditAction::AccountCreated);
        let event = OutboxEvent::new(account.id, Notice::UserCreated, now(), people.randomness());
        batch.outbox.push(event);
    }
    batch
}

/// The batch that completes an account with what `wanted` holds.
fn completing(people: &People, account: &Account, wanted: &Account) -> ImportBatch {
    let mut batch = ImportBatch {
        at: now(),
        completed: vec![CompletedAccount {
            user: account.id,
            version: account.version,
            intake: intake(people, wanted),
        }],
        ..ImportBatch::default()
    };
    tell(people, &mut batch, account, AuditAction::Linked);
    batch
}

fn intake(people: &People, account: &Account) -> Intake {
    let id = || IdentityId::generate(people.randomness(), now());
    let union_ids = account.union_ids.iter().cloned();
    Intake {
        phone: account.phone.clone(),
        identities: account.identities.clone(),
        union_ids: union_ids
            .map(|(platform, union_id)| (id(), platform, union_id))
            .collect(),
    }
}

fn tell(people: &People, batch: &mut ImportBatch, account: &Account, action: AuditAction) {
    let row = AuditEvent::new(action, now(), people.randomness())
        .with_user(account.id)
        .with_method("import")
        .with_actor(&Operator::on_the_command_line("carol"));
    batch.audit.push(row);
}

/// The account of person `n`, as it stands after an import.
#[must_use]
pub fn imported(people: &People, n: u32) -> Account {
    Account {
        phone_proof: Some(PhoneProof::Imported),
        ..people.whole_account(n)
    }
}
