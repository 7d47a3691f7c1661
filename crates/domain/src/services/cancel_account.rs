//! Leaving: an account is cancelled by its owner.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::linking::Snapshot;
use crate::model::origin::Origin;
use crate::model::policy::AccountPolicy;
use crate::ports::account_store::{AccountStore, AccountStoreError};
use crate::ports::clock::Clock;
use crate::ports::randomness::Randomness;
use crate::services::account_changes::ChangeSet;
use crate::services::authenticate::Authenticated;
use crate::services::own_account::{OwnAccountError, lookup, proven};
use crate::services::sign_in::MAX_ROUNDS;

/// The method of the audit log.
const METHOD: &str = "cancel";

/// What a cancellation comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled {
    /// When the account is erased; now, where there is no cooling-off.
    pub purge_at: DateTime<Utc>,
    /// Whether it is erased already.
    pub erased: bool,
}

/// Cancels accounts.
pub struct CancelAccount {
    /// The accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names rows.
    pub randomness: Arc<dyn Randomness>,
    /// How long the cooling-off is.
    pub policy: Arc<AccountPolicy>,
}

impl CancelAccount {
    /// Cancels the caller's account. All its sessions end at once; it is erased
    /// when the cooling-off is over, or now where there is none.
    ///
    /// # Errors
    ///
    /// See [`OwnAccountError`]; nothing has changed then.
    pub async fn execute(
        &self,
        caller: &Authenticated,
        origin: &Origin,
    ) -> Result<Cancelled, OwnAccountError> {
        let lookup = lookup(caller);
        for _ in 0..MAX_ROUNDS {
            let found = self.accounts.observe(&lookup).await?;
            match self.cancel(caller, &found, origin).await? {
                Ok(cancelled) => return Ok(cancelled),
                Err(AccountStoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AccountStoreError::Stale.into())
    }

    /// One round: what the store said, or why it was not asked.
    async fn cancel(
        &self,
        caller: &Authenticated,
        found: &Snapshot,
        origin: &Origin,
    ) -> Result<Result<Cancelled, AccountStoreError>, OwnAccountError> {
        let now = self.clock.now();
        let account = proven(caller, found, now)?;
        let mut set = ChangeSet::new(account, METHOD, origin, now, &*self.randomness);
        let after = TimeDelta::from_std(self.policy.cancel_after).unwrap_or(TimeDelta::MAX);
        let purge_at = now
            .checked_add_signed(after)
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        let erased = self.policy.cancel_after.is_zero();
        if erased {
            set.erase();
        } else {
            set.cancel(purge_at);
        }
        let (_, mut changes) = set.finish(found, None, false);
        changes.caller = Some(caller.session.id);
        let applied = self.accounts.apply(&changes).await;
        Ok(applied.map(|()| Cancelled { purge_at, erased }))
    }
}
