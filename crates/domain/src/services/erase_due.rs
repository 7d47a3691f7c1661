//! Erasing cancelled accounts whose cooling-off time is over.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::account::Account;
use crate::model::linking::Snapshot;
use crate::ports::account_store::{AccountStore, AccountStoreError, DueAccount, Lookup};
use crate::ports::randomness::Randomness;
use crate::services::account_changes::ChangeSet;

/// The method of the audit log.
const METHOD: &str = "cooling_off_over";

/// Erases what is due.
pub struct EraseDue {
    /// The accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// Names rows.
    pub randomness: Arc<dyn Randomness>,
}

/// What a batch came to.
#[derive(Debug)]
pub struct ErasedBatch {
    /// How many accounts were erased.
    pub erased: u64,
    /// The last account that was looked at.
    pub reached: Option<DueAccount>,
    /// Whether there may be more behind it.
    pub more: bool,
    /// Why the last one could not be erased, if it could not.
    pub failure: Option<AccountStoreError>,
}

impl EraseDue {
    /// Erases accounts that were due at `now`, from behind `after` on, `limit` of
    /// them at most, each in a transaction of its own. It ends at the first one
    /// that fails, and is to be continued behind it.
    ///
    /// # Errors
    ///
    /// [`AccountStoreError::Unavailable`] if it is not known which ones are due.
    pub async fn execute(
        &self,
        now: DateTime<Utc>,
        after: Option<DueAccount>,
        limit: u32,
    ) -> Result<ErasedBatch, AccountStoreError> {
        let due = self.accounts.due_for_erasure(now, after, limit).await?;
        let mut batch = ErasedBatch {
            erased: 0,
            reached: None,
            more: due.len() as u64 >= u64::from(limit),
            failure: None,
        };
        for one in due {
            batch.reached = Some(one);
            match self.erase(one, now).await {
                Ok(erased) => batch.erased += u64::from(erased),
                Err(failure) => {
                    return Ok(ErasedBatch {
                        more: true,
                        failure: Some(failure),
                        ..batch
                    });
                }
            }
        }
        Ok(batch)
    }

    /// False if somebody else was there first: it is erased, or restored.
    async fn erase(&self, due: DueAccount, now: DateTime<Utc>) -> Result<bool, AccountStoreError> {
        let lookup = Lookup {
            signed_in: Some(due.user),
            ..Lookup::default()
        };
        let found = self.accounts.observe(&lookup).await?.signed_in;
        let Some(account) = found.filter(|account| account.is_due(now)) else {
            return Ok(false);
        };
        match erase_seen(&*self.accounts, &*self.randomness, account, now).await {
            Err(AccountStoreError::Stale) => Ok(false),
            outcome => outcome.map(|()| true),
        }
    }
}

/// Erases a due account as it was seen.
///
/// # Errors
///
/// As of [`AccountStore::apply`]; [`AccountStoreError::Stale`] if it has changed
/// since.
pub(super) async fn erase_seen(
    accounts: &dyn AccountStore,
    randomness: &dyn Randomness,
    account: Account,
    now: DateTime<Utc>,
) -> Result<(), AccountStoreError> {
    let seen = Snapshot {
        signed_in: Some(account.clone()),
        ..Snapshot::default()
    };
    // Nobody's request: the time was over.
    let mut set = ChangeSet::new(account, METHOD, None, now, randomness);
    set.erase();
    let (_, changes) = set.finish(&seen, None, false);
    accounts.apply(&changes).await
}
