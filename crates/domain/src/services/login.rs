//! What every login is asked with, and what it answers.

use std::time::Duration;

use crate::model::account::Account;
use crate::model::client::Client;
use crate::model::evidence::EvidencePart;
use crate::model::linking::Refusal;
use crate::model::origin::Origin;
use crate::model::session::Session;
use crate::model::token::TokenPair;
use crate::model::wechat::{AppChoiceError, LoginCode};
use crate::model::wechat_login::{HostedIdentity, LoginProof};
use crate::ports::BoxError;
use crate::ports::account_store::AccountStoreError;
use crate::ports::open_data_reader::OpenDataError;
use crate::ports::session_store::SessionStoreError;
use crate::ports::token_issuer::TokenIssuerError;
use crate::ports::turns::TurnsError;
use crate::services::ask_phone_number::AskPhoneNumberError;
use crate::services::check_code::CheckCodeError;

/// What every login is asked with, beside its proof.
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// The client as it describes itself.
    pub client: Client,
    /// Where the request came from.
    pub origin: Origin,
    /// Take a cancellation back.
    pub restore: bool,
    /// The version of the terms that the person agreed to.
    pub consent: Option<String>,
}

/// What proves a WeChat identity: a code, or what cloud hosting vouches for.
#[derive(Debug, Clone)]
pub enum WeChatProof {
    /// A code, good for one exchange.
    Code(LoginCode),
    /// The identity that WeChat cloud hosting wrote into the request's headers.
    Hosted(HostedIdentity),
}

impl WeChatProof {
    /// The proof as the gateway takes it.
    #[must_use]
    pub fn as_login_proof(&self) -> LoginProof<'_> {
        match self {
            Self::Code(code) => LoginProof::Code(code),
            Self::Hosted(identity) => LoginProof::Hosted(identity),
        }
    }

    /// Whom cloud hosting vouches for, where no code does.
    #[must_use]
    pub fn hosted(&self) -> Option<&HostedIdentity> {
        match self {
            Self::Code(_) => None,
            Self::Hosted(identity) => Some(identity),
        }
    }
}

/// How a login ended, for whoever counts; clients are not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// It made the account.
    New,
    /// The account was there.
    Returning,
    /// Two accounts became one.
    Merged,
    /// It was completed before, and is answered again.
    Repeated,
}

impl Arrival {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::New, Self::Returning, Self::Merged, Self::Repeated];

    /// The stable word of the metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Returning => "returning",
            Self::Merged => "merged",
            Self::Repeated => "repeated",
        }
    }
}

/// A person who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The account.
    pub account: Account,
    /// The session.
    pub session: Session,
    /// Access and refresh token.
    pub tokens: TokenPair,
    /// Whether this login made the account.
    pub is_new_user: bool,
    /// How the login ended.
    pub arrival: Arrival,
    /// What of the evidence was left.
    pub not_attached: Vec<EvidencePart>,
    /// Whether the deployment asks for a phone number that the account lacks.
    pub phone_required: bool,
}

/// Why a login failed.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The verification code proved nothing.
    #[error(transparent)]
    Code(#[from] CheckCodeError),
    /// Which WeChat application is meant cannot be told.
    #[error(transparent)]
    App(#[from] AppChoiceError),
    /// The WeChat code is expired, used, made up, or somebody else's.
    #[error("the WeChat code proves nothing")]
    WeChatCodeInvalid,
    /// WeChat blocks the login of this person.
    #[error("WeChat blocks this login")]
    WeChatRiskBlocked,
    /// WeChat's limit is reached.
    #[error("WeChat asks to slow down")]
    WeChatBusy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// WeChat refuses our credentials or settings.
    #[error("WeChat refuses our settings")]
    WeChatMisconfigured(#[source] BoxError),
    /// WeChat gave no answer that can be used.
    #[error("WeChat is unavailable")]
    WeChatUnavailable {
        /// How long no call will be made, where that is known.
        retry_after: Option<Duration>,
        /// What went wrong.
        #[source]
        source: BoxError,
    },
    /// The open data that came along is not taken.
    #[error(transparent)]
    OpenData(#[from] OpenDataError),
    /// A budget is used up.
    #[error("too often")]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The proof was right, and the login is refused all the same.
    #[error("the login is refused: {0:?}")]
    Refused(Refusal),
    /// A store did not answer, or the accounts would not hold still.
    #[error("a store is unavailable")]
    Unavailable(#[source] BoxError),
    /// The tokens could not be signed.
    #[error(transparent)]
    Tokens(#[from] TokenIssuerError),
}

impl LoginError {
    /// True if the same proof may complete a later request.
    #[must_use]
    pub fn keeps_proof(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.keeps_proof(),
            Self::Unavailable(_)
            | Self::Tokens(_)
            | Self::WeChatUnavailable { .. }
            | Self::OpenData(_)
            | Self::RateLimited { .. }
            | Self::WeChatMisconfigured(_)
            | Self::WeChatBusy { .. }
            | Self::WeChatCodeInvalid
            | Self::App(_) => true,
            Self::Code(_) | Self::WeChatRiskBlocked => false,
        }
    }
}

impl From<AccountStoreError> for LoginError {
    fn from(error: AccountStoreError) -> Self {
        match error {
            AccountStoreError::CodeSpent => Self::Code(CheckCodeError::Expired),
            AccountStoreError::Stale
            | AccountStoreError::CallerGone
            | AccountStoreError::NoticeSeen
            | AccountStoreError::Unavailable(_) => Self::Unavailable(Box::new(error)),
        }
    }
}

impl From<SessionStoreError> for LoginError {
    fn from(error: SessionStoreError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<TurnsError> for LoginError {
    fn from(error: TurnsError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<AskPhoneNumberError> for LoginError {
    fn from(error: AskPhoneNumberError) -> Self {
        match error {
            AskPhoneNumberError::LimitReached { retry_after } => Self::RateLimited { retry_after },
            AskPhoneNumberError::LimiterUnavailable(source) => Self::Unavailable(source),
            AskPhoneNumberError::Gateway(error) => error.into(),
        }
    }
}
