//! What an import is to do with a person, as one pure function, and what a store is
//! asked to carry out.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::model::account::{Account, AccountStatus, Identity};
use crate::model::audit::AuditEvent;
use crate::model::event::OutboxEvent;
use crate::model::identifiers::{IdentityId, UserId};
use crate::model::imported_person::{ImportedPerson, OpenIdKey, UnionIdKey, WaysIn};
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

/// What an import is to do with a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportDecision {
    /// Make an account.
    Create,
    /// The account is there, and takes in what it lacks.
    Complete {
        /// The account.
        user: UserId,
        /// The version that the decision saw.
        version: i64,
        /// What it lacks.
        lacking: WaysIn,
    },
    /// The account is there, and lacks nothing.
    Unchanged(UserId),
    /// Nothing changes: somebody has to look at it.
    Leave(LeftReason, Vec<UserId>),
}

/// Why a person was left as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeftReason {
    /// Several accounts hold what was given: an import merges nobody.
    SeveralAccounts,
    /// The account holds another phone number.
    OtherPhone,
    /// The account holds another openid of an application.
    OtherOpenId,
    /// The account holds another unionid of a platform.
    OtherUnionId,
    /// The account has another id than the one that was asked for.
    OtherId,
    /// The account of that id was merged into another one, or erased.
    AccountGone,
    /// The account is being cancelled by its owner.
    AccountCancelling,
    /// The account is shut here, and lacks something.
    AccountDisabled,
    /// The account was shut there, and is open here: an import shuts nobody out.
    AccountOpen,
    /// The account was changed by others each time that it was looked at.
    Busy,
}

impl LeftReason {
    /// The stable word of the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SeveralAccounts => "several_accounts",
            Self::OtherPhone => "other_phone",
            Self::OtherOpenId => "other_openid",
            Self::OtherUnionId => "other_unionid",
            Self::OtherId => "other_id",
            Self::AccountGone => "account_gone",
            Self::AccountCancelling => "account_cancelling",
            Self::AccountDisabled => "account_disabled",
            Self::AccountOpen => "account_open",
            Self::Busy => "busy",
        }
    }
}

/// Decides what to do with a person.
///
/// Nothing that was given proves who is there; it is an operator's word. So it makes
/// accounts and completes them, and never replaces, merges, shuts or opens anything.
/// What an account shows is its owner's: an import does not touch it.
#[must_use]
pub fn decide_import(person: &ImportedPerson, known: &KnownAccounts) -> ImportDecision {
    let matching = known.matching(person);
    let ids = || matching.iter().map(|account| account.id).collect();
    match matching.as_slice() {
        [] => ImportDecision::Create,
        [only] => join(person, only),
        _ => ImportDecision::Leave(LeftReason::SeveralAccounts, ids()),
    }
}

fn join(person: &ImportedPerson, account: &Account) -> ImportDecision {
    let leave = |reason| ImportDecision::Leave(reason, vec![account.id]);
    let lacking = person.ways_in().not_held_by(account);
    let complete = lacking.is_empty();
    if !account.is_there() {
        return leave(LeftReason::AccountGone);
    }
    if person.id().is_some_and(|id| id != account.id) {
        return leave(LeftReason::OtherId);
    }
    if let Some(reason) = clash(&lacking, account) {
        return leave(reason);
    }
    match account.status {
        AccountStatus::Cancelling { .. } => leave(LeftReason::AccountCancelling),
        AccountStatus::Disabled { .. } if complete => ImportDecision::Unchanged(account.id),
        AccountStatus::Disabled { .. } => leave(LeftReason::AccountDisabled),
        _ if person.details().disabled => leave(LeftReason::AccountOpen),
        _ if complete => ImportDecision::Unchanged(account.id),
        _ => ImportDecision::Complete {
            user: account.id,
            version: account.version,
            lacking,
        },
    }
}

/// The account holds another value in the place of one that it lacks.
fn clash(lacking: &WaysIn, account: &Account) -> Option<LeftReason> {
    let openid = |(provider, app, _): &OpenIdKey| account.openid_of(*provider, app).is_some();
    let union_id = |(platform, _): &UnionIdKey| account.union_id_of(platform).is_some();
    if lacking.phone.is_some() && account.phone.is_some() {
        Some(LeftReason::OtherPhone)
    } else if lacking.openids.iter().any(openid) {
        Some(LeftReason::OtherOpenId)
    } else if lacking.union_ids.iter().any(union_id) {
        Some(LeftReason::OtherUnionId)
    } else {
        None
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
