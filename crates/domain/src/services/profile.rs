//! Editing one's own profile.

use std::sync::Arc;

use crate::model::account::Account;
use crate::model::identifiers::UserId;
use crate::model::linking::Snapshot;
use crate::model::origin::Origin;
use crate::model::policy::AccountPolicy;
use crate::model::profile::ProfileEdit;
use crate::ports::account_store::{AccountStore, AccountStoreError, Lookup};
use crate::ports::clock::Clock;
use crate::ports::randomness::Randomness;
use crate::services::account_changes::ChangeSet;
use crate::services::sign_in::MAX_ROUNDS;

/// Edits one's own profile.
pub struct EditProfile {
    /// The accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws nicknames and names rows.
    pub randomness: Arc<dyn Randomness>,
    /// What a random nickname begins with.
    pub policy: Arc<AccountPolicy>,
}

impl EditProfile {
    /// Applies the edit to the account as it is now, and answers the account.
    /// Where nothing changes, nothing is written.
    ///
    /// # Errors
    ///
    /// [`AccountStoreError`].
    pub async fn execute(
        &self,
        user: UserId,
        edit: &ProfileEdit,
        origin: &Origin,
    ) -> Result<Account, AccountStoreError> {
        let lookup = Lookup {
            signed_in: Some(user),
            ..Lookup::default()
        };
        for _ in 0..MAX_ROUNDS {
            let found = self.accounts.observe(&lookup).await?;
            let account = found.signed_in.clone().filter(Account::is_there);
            let account = account.ok_or(AccountStoreError::Stale)?;
            match self.save(account, edit, &found, origin).await {
                Err(AccountStoreError::Stale) => {}
                settled => return settled,
            }
        }
        Err(AccountStoreError::Stale)
    }

    async fn save(
        &self,
        account: Account,
        edit: &ProfileEdit,
        found: &Snapshot,
        origin: &Origin,
    ) -> Result<Account, AccountStoreError> {
        let profile = edit.applied_to(
            &account.profile,
            &self.policy.nickname_prefix,
            &*self.randomness,
        );
        if profile == account.profile {
            return Ok(account);
        }
        let mut set = ChangeSet::new(
            account,
            "profile",
            origin,
            self.clock.now(),
            &*self.randomness,
        );
        set.edit(profile);
        let (account, changes) = set.finish(found, None, false);
        self.accounts.apply(&changes).await?;
        Ok(account)
    }
}
