//! Finding an account, and seeing it whole.

use crate::model::account::Account;
use crate::model::identifiers::UserId;
use crate::model::phone_number::PhoneNumber;
use crate::model::record::{AuditFilter, AuditRecord, ConsentRecord, Page};
use crate::model::session::Session;
use crate::model::wechat::{AppId, OpenId, Platform, Provider, UnionId};
use crate::ports::account_store::{AccountStoreError, Lookup};
use crate::services::administration::{Act, Administration, AdministrationError};

/// Rows of the history that are shown with an account.
const HISTORY: u32 = 20;

/// By what an account is found.
#[derive(Debug, Clone)]
pub enum FoundBy {
    /// Its id, also that of an account that was merged or erased.
    Id(UserId),
    /// The phone number that it holds.
    Phone(PhoneNumber),
    /// An openid of an application, of any of these providers.
    OpenId(Vec<Provider>, AppId, OpenId),
    /// A unionid of a platform.
    UnionId(Platform, UnionId),
}

impl FoundBy {
    /// What was looked for, fit for the audit log.
    fn masked(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Phone(phone) => phone.masked(),
            Self::OpenId(_, _, openid) => openid.masked(),
            Self::UnionId(_, union_id) => union_id.masked(),
        }
    }
}

/// All that an operator sees of an account.
#[derive(Debug, Clone)]
pub struct WholeAccount {
    /// The account.
    pub account: Account,
    /// What its owner agreed to.
    pub consent: Option<ConsentRecord>,
    /// Its live sessions, newest first, at most 100.
    pub sessions: Vec<Session>,
    /// The newest rows of the audit log about it.
    pub history: Vec<AuditRecord>,
}

impl Administration {
    /// Finds an account; nothing if there is none.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::Unavailable`].
    pub async fn find(
        &self,
        act: &Act,
        by: &FoundBy,
    ) -> Result<Option<Account>, AdministrationError> {
        let found = self.look_up(by).await?;
        let user = found.as_ref().map(|account| account.id);
        self.tell_look(act, user, Some(by.masked())).await?;
        Ok(found)
    }

    /// Everything about an account.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::NotFound`] and [`AdministrationError::Unavailable`].
    pub async fn see(&self, act: &Act, user: UserId) -> Result<WholeAccount, AdministrationError> {
        let Some(account) = self.account(user).await? else {
            self.tell_refusal(act, Some(user), "not_found").await;
            return Err(AdministrationError::NotFound);
        };
        let filter = AuditFilter {
            user: Some(user),
            ..AuditFilter::default()
        };
        let page = Page {
            limit: HISTORY,
            after: None,
        };
        let whole = WholeAccount {
            consent: self.reader.consent(user).await?,
            sessions: self.sessions.list(user, self.clock.now()).await?,
            history: self.reader.audit_events(&filter, page).await?,
            account,
        };
        self.tell_look(act, Some(user), None).await?;
        Ok(whole)
    }

    /// The account of this id, whatever became of it.
    pub(super) async fn account(&self, user: UserId) -> Result<Option<Account>, AccountStoreError> {
        let lookup = Lookup {
            signed_in: Some(user),
            ..Lookup::default()
        };
        Ok(self.accounts.observe(&lookup).await?.signed_in)
    }

    pub(super) async fn look_up(&self, by: &FoundBy) -> Result<Option<Account>, AccountStoreError> {
        let mut lookup = Lookup::default();
        match by {
            FoundBy::Id(user) => return self.account(*user).await,
            FoundBy::Phone(phone) => lookup.phone = Some(phone.clone()),
            FoundBy::UnionId(platform, union_id) => {
                lookup.union_id = Some((platform.clone(), union_id.clone()));
            }
            FoundBy::OpenId(providers, app, openid) => {
                for provider in providers {
                    lookup.openid = Some((*provider, app.clone(), openid.clone()));
                    let found = self.accounts.observe(&lookup).await?.by_openid;
                    if found.is_some() {
                        return Ok(found);
                    }
                }
                return Ok(None);
            }
        }
        let found = self.accounts.observe(&lookup).await?;
        Ok(found.by_phone.or(found.by_union_id))
    }
}
