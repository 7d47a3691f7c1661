//! A new account takes nickname and avatar from WeChat: a courtesy, never a
//! reason to fail.

use std::sync::Arc;

use crate::model::account::Account;
use crate::model::linking::Snapshot;
use crate::model::origin::Origin;
use crate::model::wechat::WeChatApp;
use crate::model::wechat_login::ProfileTicket;
use crate::model::wechat_profile::WeChatProfile;
use crate::ports::account_store::AccountStore;
use crate::ports::clock::Clock;
use crate::ports::randomness::Randomness;
use crate::ports::wechat_gateway::WeChatGateway;
use crate::services::account_changes::ChangeSet;

/// Gives a new account the looks that its person has in WeChat.
pub struct AdoptProfile {
    /// Reads profiles.
    pub gateway: Arc<dyn WeChatGateway>,
    /// The accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names rows.
    pub randomness: Arc<dyn Randomness>,
}

impl AdoptProfile {
    /// What WeChat shows of the holder of a ticket, which is used up. One call,
    /// bounded by the gateway; nothing where it fails.
    pub async fn read(&self, app: &WeChatApp, ticket: ProfileTicket) -> WeChatProfile {
        match self.gateway.profile(app, &ticket).await {
            Ok(profile) => profile,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a new account goes without its WeChat profile"
                );
                WeChatProfile::default()
            }
        }
    }

    /// Fills the profile of an account that was just made, and answers the account
    /// as it is then. Whoever has touched it meanwhile is not overruled.
    pub async fn execute(
        &self,
        account: Account,
        shown: WeChatProfile,
        method: &'static str,
        origin: &Origin,
    ) -> Account {
        if shown.is_empty() {
            return account;
        }
        let mut profile = account.profile.clone();
        profile.nickname = shown.nickname.unwrap_or(profile.nickname);
        profile.avatar_url = shown.avatar_url.or(profile.avatar_url);
        let made = Snapshot {
            signed_in: Some(account.clone()),
            ..Snapshot::default()
        };
        let now = self.clock.now();
        let mut set = ChangeSet::new(account.clone(), method, origin, now, &*self.randomness);
        set.edit(profile);
        let (adopted, changes) = set.finish(&made, None, false);
        match self.accounts.apply(&changes).await {
            Ok(()) => adopted,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a new account goes without its WeChat profile"
                );
                account
            }
        }
    }
}
