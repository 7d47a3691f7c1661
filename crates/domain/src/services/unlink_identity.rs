//! Taking one of one's own ways in away.

use std::sync::Arc;

use crate::model::account::Account;
use crate::model::changes::{SessionsOf, Step};
use crate::model::identifiers::IdentityId;
use crate::model::linking::Snapshot;
use crate::model::origin::Origin;
use crate::model::session::EndReason;
use crate::model::unlinking::{Unlinking, decide_unlinking};
use crate::model::wechat::WeChatApps;
use crate::ports::account_store::{AccountStore, AccountStoreError};
use crate::ports::clock::Clock;
use crate::ports::randomness::Randomness;
use crate::services::account_changes::ChangeSet;
use crate::services::authenticate::Authenticated;
use crate::services::own_account::{OwnAccountError, lookup, proven};
use crate::services::sign_in::MAX_ROUNDS;

/// The method of the audit log.
const METHOD: &str = "unlink";

/// Why an identity stays.
#[derive(Debug, thiserror::Error)]
pub enum UnlinkIdentityError {
    /// As for whatever is done with an account as a whole.
    #[error(transparent)]
    Account(#[from] OwnAccountError),
    /// The account holds no such identity.
    #[error("the account holds no such identity")]
    NotFound,
    /// Without it nobody could sign in any more.
    #[error("it is the last way in")]
    LastIdentity,
}

/// Unlinks identities.
pub struct UnlinkIdentity {
    /// The accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// The applications of the deployment.
    pub apps: Arc<WeChatApps>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names rows.
    pub randomness: Arc<dyn Randomness>,
}

impl UnlinkIdentity {
    /// Takes an identity away from the caller's account, and answers the account.
    /// All other sessions end: whoever had come in by it is out.
    ///
    /// # Errors
    ///
    /// See [`UnlinkIdentityError`]; nothing has changed then.
    pub async fn execute(
        &self,
        caller: &Authenticated,
        id: IdentityId,
        origin: &Origin,
    ) -> Result<Account, UnlinkIdentityError> {
        let lookup = lookup(caller);
        for _ in 0..MAX_ROUNDS {
            let found = self.accounts.observe(&lookup).await;
            let found = found.map_err(OwnAccountError::from)?;
            match self.unlink(caller, id, &found, origin).await? {
                Ok(account) => return Ok(account),
                Err(AccountStoreError::Stale) => {}
                Err(error) => return Err(OwnAccountError::from(error).into()),
            }
        }
        Err(OwnAccountError::from(AccountStoreError::Stale).into())
    }

    /// One round: what the store said, or why it was not asked.
    async fn unlink(
        &self,
        caller: &Authenticated,
        id: IdentityId,
        found: &Snapshot,
        origin: &Origin,
    ) -> Result<Result<Account, AccountStoreError>, UnlinkIdentityError> {
        let now = self.clock.now();
        let account = proven(caller, found, now)?;
        let forgets = match decide_unlinking(&account, id, &self.apps) {
            Unlinking::NotHeld => return Err(UnlinkIdentityError::NotFound),
            Unlinking::LastWay => return Err(UnlinkIdentityError::LastIdentity),
            Unlinking::Goes { forgets } => forgets,
        };
        let mut set = ChangeSet::new(account, METHOD, origin, now, &*self.randomness);
        set.unlink(id);
        for platform in &forgets {
            set.forget_union_id(platform);
        }
        set.step(Step::EndSessions {
            user: caller.account.id,
            which: SessionsOf::AllBut(caller.session.id),
            reason: EndReason::SignedOut,
        });
        let (account, mut changes) = set.finish(found, None, false);
        changes.caller = Some(caller.session.id);
        Ok(self.accounts.apply(&changes).await.map(|()| account))
    }
}
