//! Message push: what WeChat posts to us about people.

use chrono::{DateTime, Utc};

use crate::model::wechat::AppId;
use crate::model::wechat_push::PushEvent;

/// The query of a pushed message or of a check of our address, decoded.
#[derive(Debug, Clone, Default)]
pub struct PushQuery {
    /// `signature`: over token, timestamp and nonce. It says nothing about a body.
    pub signature: Option<String>,
    /// `msg_signature`: over token, timestamp, nonce and the encrypted body.
    pub msg_signature: Option<String>,
    /// `timestamp`: Unix seconds.
    pub timestamp: Option<String>,
    /// `nonce`.
    pub nonce: Option<String>,
    /// `encrypt_type`: `aes` in safe mode.
    pub encrypt_type: Option<String>,
    /// `echostr`: what a check of our address wants to read back.
    pub echostr: Option<String>,
}

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeChatPushError {
    /// The application has no `push_token` and `push_aes_key`.
    #[error("message push is not configured for this application")]
    NotConfigured,
    /// No signature of WeChat's, or not for this application.
    #[error("the message is not signed by WeChat")]
    Forged,
    /// Signed more than 5 minutes ago, or in the future: a replay, or a clock
    /// that is wrong.
    #[error("the message is stale")]
    Stale,
    /// Not encrypted, so that nothing vouches for its body.
    #[error("the message came in plain mode; only safe mode is taken")]
    PlainMode,
    /// Authentic or not, it has not the form that `WeChat` documents.
    #[error("the message cannot be read")]
    Unreadable,
}

/// Reads pushed messages. Pure: it asks nobody.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait WeChatPush: Send + Sync {
    /// What to answer to a check of our address, as plain text.
    ///
    /// # Errors
    ///
    /// See [`WeChatPushError`]; never [`PlainMode`](WeChatPushError::PlainMode),
    /// since a check is not encrypted.
    fn check_url(
        &self,
        app: &AppId,
        query: &PushQuery,
        now: DateTime<Utc>,
    ) -> Result<String, WeChatPushError>;

    /// Opens a message in safe mode, JSON or XML.
    ///
    /// `None` for an authentic message that asks nothing of a login service:
    /// another event, or one that names no person.
    ///
    /// # Errors
    ///
    /// See [`WeChatPushError`].
    fn open(
        &self,
        app: &AppId,
        query: &PushQuery,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<PushEvent>, WeChatPushError>;
}
