//! How the errors of the ports are counted. A new variant must choose.

use menshen_domain::model::wechat_login::UserRisk;
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::ports::admin_reader::AdminReaderError;
use menshen_domain::ports::audit_log::AuditLogError;
use menshen_domain::ports::avatar_records::AvatarRecordsError;
use menshen_domain::ports::avatar_store::AvatarStoreError;
use menshen_domain::ports::captcha_verifier::CaptchaVerifierError;
use menshen_domain::ports::code_store::CodeStoreError;
use menshen_domain::ports::outbox::OutboxError;
use menshen_domain::ports::personal_records::PersonalRecordsError;
use menshen_domain::ports::rate_limiter::RateLimiterError;
use menshen_domain::ports::replay_ledger::ReplayLedgerError;
use menshen_domain::ports::send_records::SendRecordsError;
use menshen_domain::ports::session_store::SessionStoreError;
use menshen_domain::ports::signing_key_store::SigningKeyStoreError;
use menshen_domain::ports::sms_sender::{SmsReport, SmsSendError};
use menshen_domain::ports::test_number_store::TestNumberStoreError;
use menshen_domain::ports::turns::TurnsError;
use menshen_domain::ports::wechat_gateway::WeChatGatewayError;
use menshen_domain::ports::wechat_token_cache::WeChatTokenCacheError;

use super::{Ended, Failure};
use crate::metrics::calls::CallOutcome;

impl Failure for AccountStoreError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Stale => CallOutcome::Conflict,
            Self::CallerGone | Self::CodeSpent | Self::NoticeSeen => CallOutcome::Refused,
            Self::Unavailable(_) => CallOutcome::Unavailable,
        }
    }
}

impl Failure for CodeStoreError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Full => CallOutcome::Full,
            Self::Unavailable(_) => CallOutcome::Unavailable,
        }
    }
}

impl Failure for PersonalRecordsError {
    fn outcome(&self) -> CallOutcome {
        CallOutcome::Unavailable
    }
}

impl Failure for RateLimiterError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Full => CallOutcome::Full,
            Self::Unavailable(_) => CallOutcome::Unavailable,
        }
    }
}

impl Failure for SendRecordsError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Conflict => CallOutcome::Conflict,
            Self::NotFound => CallOutcome::NotFound,
            Self::Unavailable(_) => CallOutcome::Unavailable,
        }
    }
}

impl Failure for TurnsError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Late => CallOutcome::Unavailable,
        }
    }
}

impl Failure for TestNumberStoreError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Full => CallOutcome::Full,
            Self::Unavailable(_) => CallOutcome::Unavailable,
        }
    }
}

impl Failure for WeChatTokenCacheError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Unavailable(_) => CallOutcome::Unavailable,
        }
    }
}

/// Errors that say one thing only.
macro_rules! unavailable {
    ($($error:ty),*) => { $(
        impl Failure for $error {
            fn outcome(&self) -> CallOutcome {
                CallOutcome::Unavailable
            }
        }
    )* };
}

unavailable!(
    AdminReaderError,
    AuditLogError,
    AvatarRecordsError,
    AvatarStoreError,
    OutboxError,
    ReplayLedgerError,
    SessionStoreError,
    SigningKeyStoreError
);

impl Failure for WeChatGatewayError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::CodeRefused | Self::RiskBlocked => CallOutcome::Refused,
            Self::Busy { .. } => CallOutcome::Limited,
            Self::Misconfigured(_) => CallOutcome::Misconfigured,
            Self::Unavailable { .. } => CallOutcome::Unavailable,
        }
    }
}

impl Failure for CaptchaVerifierError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Misconfigured(_) => CallOutcome::Misconfigured,
            Self::Unavailable { .. } => CallOutcome::Unavailable,
        }
    }
}

impl Ended for SmsReport {
    fn outcome(&self) -> CallOutcome {
        match &self.verdict {
            Ok(_) => CallOutcome::Ok,
            Err(SmsSendError::Unreachable) => CallOutcome::Refused,
            Err(SmsSendError::NumberLimited { .. }) => CallOutcome::Limited,
            Err(SmsSendError::Misconfigured(_)) => CallOutcome::Misconfigured,
            Err(SmsSendError::Unavailable { .. }) => CallOutcome::Unavailable,
        }
    }
}

impl Ended for UserRisk {
    fn outcome(&self) -> CallOutcome {
        // No failure of this question is told.
        CallOutcome::Ok
    }
}
