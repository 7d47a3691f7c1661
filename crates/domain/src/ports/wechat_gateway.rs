//! WeChat, as far as a login needs it.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::phone_number::PhoneNumber;
use crate::model::wechat::{OpenId, PhoneCode, SessionKey, UnionId, WeChatApp};
use crate::model::wechat_login::{LoginProof, ProfileTicket, UserRisk};
use crate::model::wechat_profile::WeChatProfile;
use crate::ports::BoxError;

/// Whom WeChat says a login belongs to.
#[derive(Debug, Clone)]
pub struct WeChatIdentification {
    /// The person as the application knows them.
    pub openid: OpenId,
    /// The person as the Open Platform account knows them, where the application
    /// is bound to one.
    pub union_id: Option<UnionId>,
    /// The key of the person's open data; mini-programs only.
    pub session_key: Option<SessionKey>,
    /// Leave to read the person's profile once; native apps and websites only.
    pub profile_ticket: Option<ProfileTicket>,
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
        /// How long no call will be made, where that is known: the circuit is
        /// open, or a quota is gone.
        retry_after: Option<Duration>,
        /// What went wrong.
        #[source]
        source: BoxError,
    },
}

impl WeChatGatewayError {
    /// True if the code was certainly not spent by the exchange that failed.
    #[must_use]
    pub fn code_unspent(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::Misconfigured(_) => true,
            Self::Unavailable { code_unspent, .. } => *code_unspent,
            Self::CodeRefused | Self::RiskBlocked => false,
        }
    }
}

/// WeChat, as far as a login needs it.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait WeChatGateway: Send + Sync {
    /// Finds out who is there.
    ///
    /// A code of `app` is exchanged (`auth.code2Session` for mini-programs,
    /// `sns/oauth2/access_token` for native apps and websites), and at most
    /// once: a second try is made only where the first certainly did not arrive,
    /// or was answered -1. What cloud hosting vouches for is taken as it is,
    /// where the deployment runs there; elsewhere it is
    /// [`CodeRefused`](WeChatGatewayError::CodeRefused).
    ///
    /// # Errors
    ///
    /// See [`WeChatGatewayError`].
    async fn identify<'a>(
        &self,
        app: &WeChatApp,
        proof: LoginProof<'a>,
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

    /// Reads nickname and avatar of who has just signed in to a native app or
    /// website (`sns/userinfo`).
    ///
    /// # Errors
    ///
    /// See [`WeChatGatewayError`]; a ticket that is no good is
    /// [`CodeRefused`](WeChatGatewayError::CodeRefused).
    async fn profile(
        &self,
        app: &WeChatApp,
        ticket: &ProfileTicket,
    ) -> Result<WeChatProfile, WeChatGatewayError>;

    /// How suspicious who is about to sign up is to WeChat
    /// (`wxa/getuserriskrank`, scene 0). `address` is the person's own.
    ///
    /// No failure blocks anybody: it is [`UserRisk::Unknown`], and counted.
    async fn user_risk(
        &self,
        app: &WeChatApp,
        openid: &OpenId,
        address: IpAddr,
        phone: Option<PhoneNumber>,
    ) -> UserRisk;

    /// Whether a stored session key is still the person's
    /// (`wxa/checksession`).
    ///
    /// # Errors
    ///
    /// See [`WeChatGatewayError`]; a dead key is not an error.
    async fn session_key_is_live(
        &self,
        app: &WeChatApp,
        openid: &OpenId,
        key: &SessionKey,
    ) -> Result<bool, WeChatGatewayError>;
}
