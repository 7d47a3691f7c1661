//! What an import looks up, and what a store is asked to carry out.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::model::account::{Account, Identity};
use crate::model::audit::AuditEvent;
use crate::model::event::OutboxEvent;
use crate::model::identifiers::{IdentityId, UserId};
use crate::model::imported_person::{ImportedPerson, OpenIdKey, UnionIdKey};
use crate::model::phone_number::PhoneNumber;
use crate::model::wechat::{Platform, UnionId};

/// What the people of a batch are looked up by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportKeys {
    /// Ids of accounts.
    pub ids: Vec<UserId>,
    /// Phone numbers.
    pub phones: Vec<PhoneNumber>,
    /// Openids of applications.
    pub openids: Vec<OpenIdKey>,
    /// Unionids of platforms.
    pub union_ids: Vec<UnionIdKey>,
}

impl ImportKeys {
    /// All that leads to these people.
    #[must_use]
    pub fn of(people: &[ImportedPerson]) -> Self {
        let mut keys = Self::default();
        for person in people {
            let ways_in = person.ways_in();
            keys.ids.extend(person.id());
            keys.phones.extend(ways_in.phone.clone());
            keys.openids.extend(ways_in.openids.iter().cloned());
            keys.union_ids.extend(ways_in.union_ids.iter().cloned());
        }
        keys
    }
}

/// The accounts that a batch touches, as the store saw them.
#[derive(Debug, Clone, Default)]
pub struct KnownAccounts {
    accounts: Vec<Account>,
    by_id: HashMap<UserId, usize>,
    by_phone: HashMap<PhoneNumber, usize>,
    by_openid: HashMap<OpenIdKey, usize>,
    by_union_id: HashMap<UnionIdKey, usize>,
}

impl KnownAccounts {
    /// These accounts, each whole. Merged and erased ones lead nowhere but by id.
    #[must_use]
    pub fn new(accounts: Vec<Account>) -> Self {
        let mut known = Self::default();
        for (place, account) in accounts.iter().enumerate() {
            known.by_id.insert(account.id, place);
            if !account.is_there() {
                continue;
            }
            if let Some(phone) = &account.phone {
                known.by_phone.insert(phone.clone(), place);
            }
            for identity in &account.identities {
                let Identity {
                    provider,
                    app_id,
                    openid,
                    ..
                } = identity.clone();
                known.by_openid.insert((provider, app_id, openid), place);
            }
            for key in &account.union_ids {
                known.by_union_id.insert(key.clone(), place);
            }
        }
        known.accounts = accounts;
        known
    }

    /// All of them.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The distinct accounts that are this person's, by any of what was given.
    #[must_use]
    pub fn matching(&self, person: &ImportedPerson) -> Vec<&Account> {
        let ways_in = person.ways_in();
        let id = person.id().and_then(|id| self.by_id.get(&id));
        let phone = ways_in.phone.as_ref();
        let phone = phone.and_then(|phone| self.by_phone.get(phone));
        let openids = ways_in.openids.iter();
        let openids = openids.filter_map(|key| self.by_openid.get(key));
        let union_ids = ways_in.union_ids.iter();
        let union_ids = union_ids.filter_map(|key| self.by_union_id.get(key));
        let mut places: Vec<usize> = Vec::new();
        for place in id.into_iter().chain(phone).chain(openids).chain(union_ids) {
            if !places.contains(place) {
                places.push(*place);
            }
        }
        places.into_iter().map(|at| &self.accounts[at]).collect()
    }
}

/// What a store is asked to carry out in one transaction, for many accounts.
#[derive(Debug, Clone, Default)]
pub struct ImportBatch {
    /// When it happens.
    pub at: DateTime<Utc>,
    /// Accounts to make.
    pub made: Vec<NewAccount>,
    /// Accounts to complete.
    pub completed: Vec<CompletedAccount>,
    /// What the audit log is to tell.
    pub audit: Vec<AuditEvent>,
    /// What other services are to be told.
    pub outbox: Vec<OutboxEvent>,
}

impl ImportBatch {
    /// True if there is nothing to carry out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.made.is_empty() && self.completed.is_empty()
    }
}

/// An account to make.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The account, without phone number, identities and unionids.
    pub account: Account,
    /// These.
    pub intake: Intake,
}

/// An account that is there, at this version still, and takes something in.
#[derive(Debug, Clone)]
pub struct CompletedAccount {
    /// The account.
    pub user: UserId,
    /// The version that the decision saw; the next one afterwards.
    pub version: i64,
    /// What it takes in.
    pub intake: Intake,
}

/// What an account takes in.
#[derive(Debug, Clone, Default)]
pub struct Intake {
    /// The number; unique among live accounts. Its proof is
    /// [`PhoneProof::Imported`](crate::model::evidence::PhoneProof::Imported).
    pub phone: Option<PhoneNumber>,
    /// Identities, each unique by provider, application and openid.
    pub identities: Vec<Identity>,
    /// Unionids with the ids of their rows, each unique by platform and unionid.
    pub union_ids: Vec<(IdentityId, Platform, UnionId)>,
}
