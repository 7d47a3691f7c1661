//! The failures of use cases, each as what a client may see of it.

use menshen_domain::model::administration::AdminConflict;
use menshen_domain::model::binding::BindingRefusal;
use menshen_domain::model::linking::Refusal;
use menshen_domain::model::session::EndReason;
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::ports::image_reader::ImageReaderError;
use menshen_domain::ports::open_data_reader::OpenDataError;
use menshen_domain::ports::session_store::SessionStoreError;
use menshen_domain::ports::wechat_push::WeChatPushError;
use menshen_domain::services::administration::{AdministrationError, TestNumberRefusal};
use menshen_domain::services::ask_captcha::CaptchaError;
use menshen_domain::services::authenticate::AuthenticateError;
use menshen_domain::services::avatars::SetAvatarError;
use menshen_domain::services::bind::BindError;
use menshen_domain::services::check_code::CheckCodeError;
use menshen_domain::services::decrypt_open_data::DecryptOpenDataError;
use menshen_domain::services::export_account::ExportAccountError;
use menshen_domain::services::introspect::IntrospectError;
use menshen_domain::services::login::LoginError;
use menshen_domain::services::own_account::OwnAccountError;
use menshen_domain::services::recent_proof::StepUpRequired;
use menshen_domain::services::refresh::RefreshError;
use menshen_domain::services::send_code::SendCodeError;
use menshen_domain::services::step_up::StepUpError;
use menshen_domain::services::unlink_identity::UnlinkIdentityError;

use crate::http::error::ApiError;
use crate::http::kinds::{self, Fault};

impl From<CheckCodeError> for ApiError {
    fn from(error: CheckCodeError) -> Self {
        match error {
            CheckCodeError::Incorrect { attempts_left } => {
                let mut error = Self::new(&kinds::SMS_CODE_INCORRECT);
                error.details.attempts_left = Some(attempts_left);
                error
            }
            CheckCodeError::Expired => Self::new(&kinds::SMS_CODE_EXPIRED),
            CheckCodeError::Locked { retry_after } => {
                Self::after(&kinds::SMS_CODE_LOCKED, retry_after)
            }
            CheckCodeError::RateLimited { retry_after } => {
                Self::after(&kinds::RATE_LIMITED, retry_after)
            }
            CheckCodeError::Unavailable(source) => Self::ours(&kinds::UNAVAILABLE, source),
        }
    }
}

impl From<SendCodeError> for ApiError {
    fn from(error: SendCodeError) -> Self {
        match error {
            SendCodeError::RegionNotAllowed => Self::new(&kinds::REGION_NOT_ALLOWED),
            SendCodeError::CaptchaRequired(_) => Self::new(&kinds::CAPTCHA_REQUIRED),
            SendCodeError::Captcha(error) => error.into(),
            SendCodeError::TooFrequent { retry_after } => {
                Self::after(&kinds::SMS_TOO_FREQUENT, retry_after)
            }
            SendCodeError::LimitReached { retry_after } => {
                Self::after(&kinds::SMS_LIMIT_REACHED, retry_after)
            }
            SendCodeError::Unreachable => Self::new(&kinds::PHONE_UNREACHABLE),
            SendCodeError::Misconfigured(source) => Self::ours(&kinds::SMS_MISCONFIGURED, source),
            SendCodeError::VendorsUnavailable {
                retry_after,
                source,
            } => {
                let mut error = Self::ours(&kinds::SMS_UNAVAILABLE, source);
                error.details.retry_after = retry_after;
                error
            }
            SendCodeError::Unavailable(source) => Self::ours(&kinds::UNAVAILABLE, source),
        }
    }
}

impl From<CaptchaError> for ApiError {
    fn from(error: CaptchaError) -> Self {
        match error {
            CaptchaError::Invalid => Self::new(&kinds::CAPTCHA_INVALID),
            CaptchaError::RateLimited { retry_after } => {
                Self::after(&kinds::RATE_LIMITED, retry_after)
            }
            CaptchaError::Unavailable {
                retry_after,
                source,
            } => {
                let mut error = Self::ours(&kinds::UNAVAILABLE, source);
                error.details.retry_after = Some(retry_after);
                error
            }
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Disabled => Self::new(&kinds::ACCOUNT_DISABLED),
            Refusal::Conflict => Self::new(&kinds::ACCOUNT_CONFLICT),
            Refusal::PhoneConfirmationRequired => Self::new(&kinds::PHONE_CONFIRMATION_REQUIRED),
            Refusal::IdentityConfirmationRequired => {
                let mut error = Self::new(&kinds::IDENTITY_CONFIRMATION_REQUIRED);
                error.details.methods.push("wechat");
                error
            }
            Refusal::ConsentRequired => Self::new(&kinds::CONSENT_REQUIRED),
            Refusal::Cancelling { purge_at } => {
                let mut error = Self::new(&kinds::ACCOUNT_CANCELLING);
                error.details.purge_at = Some(purge_at);
                error
            }
        }
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Code(error) => error.into(),
            LoginError::App(_) => Self::field("app_id", Fault::UnknownApp),
            LoginError::WeChatCodeInvalid => Self::new(&kinds::WECHAT_CODE_INVALID),
            LoginError::WeChatRiskBlocked => Self::new(&kinds::WECHAT_RISK_BLOCKED),
            LoginError::WeChatBusy { retry_after } => Self::after(&kinds::WECHAT_BUSY, retry_after),
            LoginError::WeChatMisconfigured(source) => {
                Self::ours(&kinds::WECHAT_MISCONFIGURED, source)
            }
            LoginError::WeChatUnavailable {
                retry_after,
                source,
            } => {
                let mut error = Self::ours(&kinds::WECHAT_UNAVAILABLE, source);
                error.details.retry_after = retry_after;
                error
            }
            LoginError::OpenData(error) => error.into(),
            LoginError::RateLimited { retry_after } => {
                Self::after(&kinds::RATE_LIMITED, retry_after)
            }
            LoginError::Refused(refusal) => refusal.into(),
            LoginError::Unavailable(source) => Self::ours(&kinds::UNAVAILABLE, source),
            LoginError::Tokens(error) => Self::internal(error),
        }
    }
}

impl From<OpenDataError> for ApiError {
    fn from(error: OpenDataError) -> Self {
        match error {
            OpenDataError::DecryptFailed => Self::new(&kinds::DECRYPT_FAILED),
            OpenDataError::SignatureMismatch => Self::new(&kinds::SIGNATURE_MISMATCH),
        }
    }
}

impl From<DecryptOpenDataError> for ApiError {
    fn from(error: DecryptOpenDataError) -> Self {
        match error {
            DecryptOpenDataError::App(_) => Self::field("app_id", Fault::UnknownApp),
            DecryptOpenDataError::Data(error) => error.into(),
            DecryptOpenDataError::RateLimited { retry_after } => {
                Self::after(&kinds::RATE_LIMITED, retry_after)
            }
            DecryptOpenDataError::Unavailable(source) => Self::ours(&kinds::UNAVAILABLE, source),
        }
    }
}

impl From<WeChatPushError> for ApiError {
    fn from(error: WeChatPushError) -> Self {
        match error {
            WeChatPushError::NotConfigured => Self::new(&kinds::NOT_FOUND),
            WeChatPushError::Forged | WeChatPushError::Stale | WeChatPushError::PlainMode => {
                Self::new(&kinds::FORBIDDEN)
            }
            WeChatPushError::Unreadable => Self::new(&kinds::INVALID_REQUEST),
        }
    }
}

impl From<BindError> for ApiError {
    fn from(error: BindError) -> Self {
        match error {
            BindError::Login(error) => error.into(),
            BindError::Refused(BindingRefusal::Login(refusal)) => refusal.into(),
            BindError::Refused(BindingRefusal::PhoneTaken) => Self::new(&kinds::PHONE_TAKEN),
            BindError::Refused(BindingRefusal::IdentityTaken) => Self::new(&kinds::IDENTITY_TAKEN),
            BindError::StepUpRequired { sms, wechat } => StepUpRequired { sms, wechat }.into(),
            BindError::SessionOver => Self::ended(EndReason::SignedOut),
            BindError::AccountGone => Self::ended(EndReason::Cancelled),
        }
    }
}

impl From<StepUpRequired> for ApiError {
    fn from(StepUpRequired { sms, wechat }: StepUpRequired) -> Self {
        let mut error = Self::new(&kinds::STEP_UP_REQUIRED);
        error.details.methods.extend(sms.then_some("sms"));
        error.details.methods.extend(wechat.then_some("wechat"));
        error
    }
}

impl From<OwnAccountError> for ApiError {
    fn from(error: OwnAccountError) -> Self {
        match error {
            OwnAccountError::Refused(refusal) => refusal.into(),
            OwnAccountError::StepUpRequired(required) => required.into(),
            OwnAccountError::SessionOver => Self::ended(EndReason::SignedOut),
            OwnAccountError::AccountGone => Self::ended(EndReason::Cancelled),
            OwnAccountError::Unavailable(source) => Self::ours(&kinds::UNAVAILABLE, source),
        }
    }
}

impl From<ExportAccountError> for ApiError {
    fn from(error: ExportAccountError) -> Self {
        match error {
            ExportAccountError::Account(error) => error.into(),
            ExportAccountError::RateLimited { retry_after } => {
                Self::after(&kinds::RATE_LIMITED, retry_after)
            }
            ExportAccountError::Unavailable(source) => Self::ours(&kinds::UNAVAILABLE, source),
        }
    }
}

impl From<SetAvatarError> for ApiError {
    fn from(error: SetAvatarError) -> Self {
        match error {
            SetAvatarError::Image(error) => error.into(),
            SetAvatarError::RateLimited { retry_after } => {
                Self::after(&kinds::RATE_LIMITED, retry_after)
            }
            SetAvatarError::SessionOver => Self::ended(EndReason::SignedOut),
            SetAvatarError::AccountGone => Self::ended(EndReason::Cancelled),
            SetAvatarError::Unavailable(source) => Self::ours(&kinds::UNAVAILABLE, source),
        }
    }
}

impl From<ImageReaderError> for ApiError {
    fn from(error: ImageReaderError) -> Self {
        match error {
            ImageReaderError::UnknownFormat => Self::new(&kinds::IMAGE_EXPECTED),
            ImageReaderError::Broken => Self::field("file", Fault::Value),
            ImageReaderError::TooLarge => Self::new(&kinds::IMAGE_TOO_LARGE),
            ImageReaderError::Busy { retry_after } => Self {
                source: Some("too many pictures are being read".into()),
                ..Self::after(&kinds::UNAVAILABLE, retry_after)
            },
            ImageReaderError::Failed(source) => Self::internal(source),
        }
    }
}

impl From<UnlinkIdentityError> for ApiError {
    fn from(error: UnlinkIdentityError) -> Self {
        match error {
            UnlinkIdentityError::Account(error) => error.into(),
            UnlinkIdentityError::NotFound => Self::new(&kinds::NOT_FOUND),
            UnlinkIdentityError::LastIdentity => Self::new(&kinds::LAST_IDENTITY),
        }
    }
}

impl From<StepUpError> for ApiError {
    fn from(error: StepUpError) -> Self {
        match error {
            StepUpError::Login(error) => error.into(),
            StepUpError::NoPhone => Self::new(&kinds::PHONE_REQUIRED),
            StepUpError::SessionOver => Self::ended(EndReason::SignedOut),
        }
    }
}

impl From<RefreshError> for ApiError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Invalid => Self::new(&kinds::REFRESH_TOKEN_INVALID),
            RefreshError::Expired => Self::new(&kinds::REFRESH_TOKEN_EXPIRED),
            RefreshError::Reused => Self::new(&kinds::REFRESH_TOKEN_REUSED),
            RefreshError::SessionRevoked(reason) => Self::ended(reason),
            RefreshError::RateLimited { retry_after } => {
                Self::after(&kinds::RATE_LIMITED, retry_after)
            }
            RefreshError::Unavailable(source) => Self::ours(&kinds::UNAVAILABLE, source),
            RefreshError::Tokens(error) => Self::internal(error),
        }
    }
}

impl From<AuthenticateError> for ApiError {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Invalid => Self::new(&kinds::TOKEN_INVALID),
            AuthenticateError::Expired => Self::new(&kinds::TOKEN_EXPIRED),
            AuthenticateError::SessionRevoked(reason) => Self::ended(reason),
            AuthenticateError::PhoneRequired => Self::new(&kinds::PHONE_REQUIRED),
            AuthenticateError::Unavailable(source) => Self::ours(&kinds::UNAVAILABLE, source),
        }
    }
}

impl From<AdministrationError> for ApiError {
    fn from(error: AdministrationError) -> Self {
        match error {
            AdministrationError::NotFound => Self::new(&kinds::NOT_FOUND),
            AdministrationError::Conflict(conflict) => {
                let mut error = Self::new(match conflict {
                    AdminConflict::LastIdentity => &kinds::LAST_IDENTITY,
                    AdminConflict::SameAccount
                    | AdminConflict::BothHavePhone
                    | AdminConflict::SurvivorWithoutPhone
                    | AdminConflict::SamePlace
                    | AdminConflict::Disabled
                    | AdminConflict::Cancelling
                    | AdminConflict::Merged
                    | AdminConflict::Erased => &kinds::ADMIN_CONFLICT,
                });
                error.details.conflict = Some(conflict.as_str());
                error
            }
            AdministrationError::TestNumber(TestNumberRefusal::End) => {
                Self::field("until", Fault::Value)
            }
            AdministrationError::TestNumber(TestNumberRefusal::Taken) => {
                Self::new(&kinds::PHONE_TAKEN)
            }
            AdministrationError::TestNumber(TestNumberRefusal::TooMany) => {
                let mut error = Self::new(&kinds::ADMIN_CONFLICT);
                error.details.conflict = Some("too_many");
                error
            }
            AdministrationError::Unavailable(source) => Self::ours(&kinds::UNAVAILABLE, source),
        }
    }
}

impl From<IntrospectError> for ApiError {
    fn from(error: IntrospectError) -> Self {
        Self::ours(&kinds::UNAVAILABLE, error)
    }
}

impl From<AccountStoreError> for ApiError {
    fn from(error: AccountStoreError) -> Self {
        Self::ours(&kinds::UNAVAILABLE, error)
    }
}

impl From<SessionStoreError> for ApiError {
    fn from(error: SessionStoreError) -> Self {
        Self::ours(&kinds::UNAVAILABLE, error)
    }
}
