//! What an import is to do with a person, as one pure function.

use crate::model::account::{Account, AccountStatus};
use crate::model::identifiers::UserId;
use crate::model::imported_person::{ImportedPerson, WaysIn};
use crate::model::importing::KnownAccounts;

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

/// What an account holds in the place of something that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    Nothing,
    /// The same.
    This,
    /// Something else.
    Other,
}

impl Held {
    fn of<T: PartialEq>(given: &T, held: Option<&T>) -> Self {
        match held {
            None => Self::Nothing,
            Some(held) if held == given => Self::This,
            Some(_) => Self::Other,
        }
    }
}

/// An account that is a person's by any of what was given, as far as an import looks at
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub id: UserId,
    /// As it was seen.
    pub version: i64,
    /// Where it stands in its life.
    pub status: AccountStatus,
    /// In the place of the number that was given, if one was.
    pub phone: Option<Held>,
    /// In the places of the openids that were given, in their order.
    pub openids: Vec<Held>,
    /// In the places of the unionids that were given, in their order.
    pub union_ids: Vec<Held>,
}

impl Candidate {
    /// An account as this person finds it.
    #[must_use]
    pub fn of(account: &Account, person: &ImportedPerson) -> Self {
        let ways_in = person.ways_in();
        let phone = ways_in.phone.as_ref();
        let openids = ways_in.openids.iter();
        let union_ids = ways_in.union_ids.iter();
        Self {
            id: account.id,
            version: account.version,
            status: account.status,
            phone: phone.map(|given| Held::of(given, account.phone.as_ref())),
            openids: openids
                .map(|(provider, app, given)| Held::of(given, account.openid_of(*provider, app)))
                .collect(),
            union_ids: union_ids
                .map(|(platform, given)| Held::of(given, account.union_id_of(platform)))
                .collect(),
        }
    }

    /// What was given that it does not hold.
    fn lacks(&self, given: &WaysIn) -> WaysIn {
        fn lacking<T: Clone>(given: &[T], held: &[Held]) -> Vec<T> {
            let each = given.iter().zip(held);
            let lacking = each.filter(|(_, held)| **held != Held::This);
            lacking.map(|(given, _)| given.clone()).collect()
        }
        let has_phone = self.phone == Some(Held::This);
        WaysIn {
            phone: given.phone.clone().filter(|_| !has_phone),
            openids: lacking(&given.openids, &self.openids),
            union_ids: lacking(&given.union_ids, &self.union_ids),
        }
    }

    /// It holds another value in the place of one that was given.
    fn clash(&self) -> Option<LeftReason> {
        if self.phone == Some(Held::Other) {
            Some(LeftReason::OtherPhone)
        } else if self.openids.contains(&Held::Other) {
            Some(LeftReason::OtherOpenId)
        } else if self.union_ids.contains(&Held::Other) {
            Some(LeftReason::OtherUnionId)
        } else {
            None
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
    let candidates = matching.iter().map(|one| Candidate::of(one, person));
    decide_among(person, &candidates.collect::<Vec<_>>())
}

/// The same, among the accounts that are this person's.
#[must_use]
pub fn decide_among(person: &ImportedPerson, candidates: &[Candidate]) -> ImportDecision {
    match candidates {
        [] => ImportDecision::Create,
        [only] => join(person, only),
        several => {
            let ids = several.iter().map(|one| one.id).collect();
            ImportDecision::Leave(LeftReason::SeveralAccounts, ids)
        }
    }
}

fn join(person: &ImportedPerson, account: &Candidate) -> ImportDecision {
    let leave = |reason| ImportDecision::Leave(reason, vec![account.id]);
    let lacking = account.lacks(person.ways_in());
    let complete = lacking.is_empty();
    if !account.status.is_there() {
        return leave(LeftReason::AccountGone);
    }
    if person.id().is_some_and(|id| id != account.id) {
        return leave(LeftReason::OtherId);
    }
    if let Some(reason) = account.clash() {
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
