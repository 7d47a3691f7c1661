//! WeChat, as far as a login needs it.

use std::time::Duration;

use async_trait::async_trait;

use crate::model::phone_number::PhoneNumber;
use crate::model::wechat::{LoginCode, OpenId, PhoneCode, SessionKey, UnionId, WeChatApp};
use crate::ports::BoxError;

/// Whom WeChat says a login code belongs to.
#[derive(Debug, Clone)]
pub struct WeChatIdentification {
    /// The person as the application knows them.
    pub openid: OpenId,
    /// The person as the Open Platform account knows them, where the application
    /// is bound to one.
    pub union_id: Option<UnionId>,
    /// The key of the person's open data; mini-programs only.
    pub session_key: Option<SessionKey>,
}

/// Which number WeChat says a phone code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeChatPhone {
    /// The number.
    pub number: PhoneNumber,
}

/// Why WeChat gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum WeChatGatewayError {
    /// The code is expired, used, made up, or of another application or kind.
    #[error("WeChat refuses the code")]
    CodeRefused,
    /// WeChat blocks the login of this person.
    #[error("WeChat blocks this login")]
    RiskBlocked,
    /// WeChat's limit is reached.
    #[error("WeChat asks to slow down")]
    Busy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// WeChat refuses our application id, secret or address.
    #[error("WeChat refuses our credentials or settings")]
    Misconfigured(#[source] BoxError),
    /// No answer in time, or none that makes sense.
    #[error("WeChat is unavailable")]
    Unavailable {
        /// True if the code was certainly not spent, so that it may be
        /// exchanged again.
        code_unspent: bool,
        /// What went wrong.
        #[source]
        source: BoxError,
    },
}

/// WeChat, as far as a login needs it.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait WeChatGateway: Send + Sync {
    /// Exchanges a login code of `app`: `auth.code2Session` for mini-programs,
    /// `sns/oauth2/access_token` for native apps and websites. The code is
    /// exchanged at most once; a second try is made only where the first
    /// certainly did not arrive, or was answered -1.
    ///
    /// # Errors
    ///
    /// See [`WeChatGatewayError`].
    async fn identify(
        &self,
        app: &WeChatApp,
        code: &LoginCode,
    ) -> Result<WeChatIdentification, WeChatGatewayError>;

    /// Exchanges a code of the getPhoneNumber button (`phonenumber.getPhoneNumber`).
    /// The openid goes along, so that WeChat refuses a code of somebody else.
    ///
    /// # Errors
    ///
    /// See [`WeChatGatewayError`].
    async fn phone_number(
        &self,
        app: &WeChatApp,
        code: &PhoneCode,
        openid: &OpenId,
    ) -> Result<WeChatPhone, WeChatGatewayError>;
}
