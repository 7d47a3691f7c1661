//! What people do with their own account as a whole: read anew, checked, and not
//! without a recent proof of who is there.

use chrono::{DateTime, Utc};

use crate::model::account::Account;
use crate::model::linking::{Refusal, Snapshot, closed};
use crate::ports::BoxError;
use crate::ports::account_store::{AccountStoreError, Lookup};
use crate::services::authenticate::Authenticated;
use crate::services::recent_proof::{StepUpRequired, require_recent_proof};

/// Why somebody may not, or cannot, do that with their account.
#[derive(Debug, thiserror::Error)]
pub enum OwnAccountError {
    /// The account is disabled, or is being cancelled already.
    #[error("the account is closed: {0:?}")]
    Refused(Refusal),
    /// The person must have proven who they are within the last five minutes.
    #[error(transparent)]
    StepUpRequired(#[from] StepUpRequired),
    /// The caller's session ended meanwhile.
    #[error("the session has ended")]
    SessionOver,
    /// The caller's account is gone.
    #[error("the account is not there any more")]
    AccountGone,
    /// A store did not answer, or the account would not hold still.
    #[error("a store is unavailable")]
    Unavailable(#[source] BoxError),
}

impl From<AccountStoreError> for OwnAccountError {
    fn from(error: AccountStoreError) -> Self {
        match error {
            AccountStoreError::CallerGone => Self::SessionOver,
            AccountStoreError::Stale
            | AccountStoreError::CodeSpent
            | AccountStoreError::NoticeSeen
            | AccountStoreError::Unavailable(_) => Self::Unavailable(Box::new(error)),
        }
    }
}

/// The look-up of the caller's account.
pub(super) fn lookup(caller: &Authenticated) -> Lookup {
    Lookup {
        signed_in: Some(caller.account.id),
        ..Lookup::default()
    }
}

/// The caller's account as it is now, open, with a recent proof of who is there.
///
/// # Errors
///
/// See [`OwnAccountError`].
pub(super) fn proven(
    caller: &Authenticated,
    found: &Snapshot,
    now: DateTime<Utc>,
) -> Result<Account, OwnAccountError> {
    let account = found.signed_in.as_ref().filter(|one| one.is_there());
    let account = account.ok_or(OwnAccountError::AccountGone)?;
    if let Some(refusal) = closed([account].into_iter(), false) {
        return Err(OwnAccountError::Refused(refusal));
    }
    require_recent_proof(account, &caller.session, now)?;
    Ok(account.clone())
}
