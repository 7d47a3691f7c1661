//! WeChat's own access tokens, shared by the replicas.
//!
//! Correctness needs no sharing, since `getStableAccessToken` gives every
//! replica the same token; it spares calls, and holds the one rule that must
//! hold across replicas: a renewal by force revokes the token of all others.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::model::wechat::AppId;
use crate::ports::BoxError;

/// A token of one application.
#[derive(Debug, Clone)]
pub struct WeChatAccessToken {
    /// The token; it opens everything that the application may do.
    pub value: SecretString,
    /// How long, from now on, it is used without asking WeChat for the next.
    pub fresh_for: Duration,
    /// How long, from now on, WeChat takes it; at least as long.
    pub expires_in: Duration,
}

/// The shared store of tokens cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum WeChatTokenCacheError {
    /// The store does not answer; a gateway then goes on without it.
    #[error("the store of WeChat tokens is unavailable")]
    Unavailable(#[source] BoxError),
}

/// WeChat's own access tokens, shared by the replicas. What is kept under is
/// the application's id alone; no key ever holds a secret.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait WeChatTokenCache: Send + Sync {
    /// The token of this application, if one is held that WeChat still takes.
    ///
    /// # Errors
    ///
    /// [`WeChatTokenCacheError::Unavailable`].
    async fn find(&self, app: &AppId) -> Result<Option<WeChatAccessToken>, WeChatTokenCacheError>;

    /// Keeps a token until it expires, unless one is held that expires later:
    /// who comes late never puts an old token over a new one. A token that is no
    /// longer good is not kept at all.
    ///
    /// # Errors
    ///
    /// [`WeChatTokenCacheError::Unavailable`].
    async fn keep(
        &self,
        app: &AppId,
        token: &WeChatAccessToken,
    ) -> Result<(), WeChatTokenCacheError>;

    /// Drops the token of this application if it is the one that WeChat
    /// refused; another one, newer than that, stays.
    ///
    /// # Errors
    ///
    /// [`WeChatTokenCacheError::Unavailable`].
    async fn drop_refused(
        &self,
        app: &AppId,
        refused: &SecretString,
    ) -> Result<(), WeChatTokenCacheError>;

    /// Asks for leave to renew by force: true for one caller per `cooldown`, and
    /// `daily` times in 24 hours, over all replicas.
    ///
    /// # Errors
    ///
    /// [`WeChatTokenCacheError::Unavailable`].
    async fn claim_forced_renewal(
        &self,
        app: &AppId,
        cooldown: Duration,
        daily: u32,
    ) -> Result<bool, WeChatTokenCacheError>;
}
