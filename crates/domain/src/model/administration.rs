//! What operators may do to accounts: pure decisions, with the rules of linking.

use crate::model::account::{Account, AccountStatus};
use crate::model::client::Label;

/// Why an operator does it, for the audit log: one line of at most 200
/// characters. It must name nobody.
pub type ActReason = Label<200>;

/// Why an account stays as it is, whatever an operator asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AdminConflict {
    /// Both ids name one account.
    SameAccount,
    /// Both accounts hold a phone number: one must be detached first.
    BothHavePhone,
    /// Only the account that is to go holds a phone number, which does not move:
    /// merge the other way round.
    SurvivorWithoutPhone,
    /// Both hold an identity of one application, or a unionid of one platform.
    SamePlace,
    /// The account is disabled.
    Disabled,
    /// Its owner is cancelling the account.
    Cancelling,
    /// The account was merged into another.
    Merged,
    /// The account was erased.
    Erased,
    /// The phone number is the account's last way in.
    LastIdentity,
}

impl AdminConflict {
    /// Every conflict.
    pub const ALL: [Self; 9] = [
        Self::SameAccount,
        Self::BothHavePhone,
        Self::SurvivorWithoutPhone,
        Self::SamePlace,
        Self::Disabled,
        Self::Cancelling,
        Self::Merged,
        Self::Erased,
        Self::LastIdentity,
    ];

    /// The stable word that `reason` tells.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameAccount => "same_account",
            Self::BothHavePhone => "both_have_phone",
            Self::SurvivorWithoutPhone => "survivor_without_phone",
            Self::SamePlace => "same_place",
            Self::Disabled => "disabled",
            Self::Cancelling => "cancelling",
            Self::Merged => "merged",
            Self::Erased => "erased",
            Self::LastIdentity => "last_identity",
        }
    }
}

/// Whether there is anything to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The account is to be changed.
    Change,
    /// The account is so already.
    Nothing,
}

/// Whether an account can be shut.
///
/// # Errors
///
/// An account that is not there any more. One that its owner is cancelling is shut
/// as any other, so that nobody leaves and comes back past it; its erasure goes on.
pub fn disable(account: &Account) -> Result<Due, AdminConflict> {
    match account.status {
        AccountStatus::Active | AccountStatus::Cancelling { .. } => Ok(Due::Change),
        AccountStatus::Disabled { .. } => Ok(Due::Nothing),
        AccountStatus::Merged { .. } => Err(AdminConflict::Merged),
        AccountStatus::Erased => Err(AdminConflict::Erased),
    }
}

/// Whether an account can be opened again.
///
/// # Errors
///
/// An account whose owner is cancelling it, or that is not there any more.
pub fn enable(account: &Account) -> Result<Due, AdminConflict> {
    match account.status {
        AccountStatus::Disabled { .. } => Ok(Due::Change),
        AccountStatus::Active => Ok(Due::Nothing),
        AccountStatus::Cancelling { .. } => Err(AdminConflict::Cancelling),
        AccountStatus::Merged { .. } => Err(AdminConflict::Merged),
        AccountStatus::Erased => Err(AdminConflict::Erased),
    }
}

/// Whether an account can give up its phone number. The last way in goes only if
/// `even_the_last` says so: nobody can sign in to the account afterwards.
///
/// # Errors
///
/// [`AdminConflict::LastIdentity`], and an account that is not there any more.
pub fn detach_phone(account: &Account, even_the_last: bool) -> Result<Due, AdminConflict> {
    match account.status {
        AccountStatus::Merged { .. } => Err(AdminConflict::Merged),
        AccountStatus::Erased => Err(AdminConflict::Erased),
        AccountStatus::Active
        | AccountStatus::Disabled { .. }
        | AccountStatus::Cancelling { .. } => {
            if account.phone.is_none() {
                Ok(Due::Nothing)
            } else if account.identities.is_empty() && !even_the_last {
                Err(AdminConflict::LastIdentity)
            } else {
                Ok(Due::Change)
            }
        }
    }
}

/// Whether all of `from` can move into `into`: by the same limits as when people
/// prove that both are theirs. `accounts.merge` is not asked: it is about merging
/// without anybody's asking.
///
/// # Errors
///
/// The first conflict, those about the accounts' statuses before those about what
/// they hold.
pub fn merge(from: &Account, into: &Account) -> Result<(), AdminConflict> {
    if from.id == into.id {
        return Err(AdminConflict::SameAccount);
    }
    for account in [into, from] {
        match account.status {
            AccountStatus::Active => {}
            AccountStatus::Disabled { .. } => return Err(AdminConflict::Disabled),
            AccountStatus::Cancelling { .. } => return Err(AdminConflict::Cancelling),
            AccountStatus::Merged { .. } => return Err(AdminConflict::Merged),
            AccountStatus::Erased => return Err(AdminConflict::Erased),
        }
    }
    match (from.phone.is_some(), into.phone.is_some()) {
        (true, true) => return Err(AdminConflict::BothHavePhone),
        (true, false) => return Err(AdminConflict::SurvivorWithoutPhone),
        (false, _) => {}
    }
    if from.clashes_with(into) {
        return Err(AdminConflict::SamePlace);
    }
    Ok(())
}
