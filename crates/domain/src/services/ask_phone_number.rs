//! Asking WeChat for a phone number: each answer is billed, so calls have a budget.

use std::sync::Arc;
use std::time::Duration;

use crate::model::evidence::ProvenPhone;
use crate::model::wechat::{OpenId, PhoneCode, WeChatApp};
use crate::model::wechat_limits::WeChatLimits;
use crate::ports::BoxError;
use crate::ports::rate_limiter::{Admission, RateLimiter, Reservation};
use crate::ports::wechat_gateway::{WeChatGateway, WeChatGatewayError};

/// Why there is no number.
#[derive(Debug, thiserror::Error)]
pub enum AskPhoneNumberError {
    /// The budget of the application or of the person is used up; WeChat was not
    /// asked.
    #[error("the budget of phone-number calls is used up")]
    LimitReached {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The budget cannot be known; WeChat was not asked.
    #[error("the budget of phone-number calls is unknown")]
    LimiterUnavailable(#[source] BoxError),
    /// WeChat gave none.
    #[error(transparent)]
    Gateway(#[from] WeChatGatewayError),
}

impl AskPhoneNumberError {
    /// True if the code was certainly not spent, so that it may be shown again.
    #[must_use]
    pub fn code_unspent(&self) -> bool {
        match self {
            Self::LimitReached { .. } | Self::LimiterUnavailable(_) => true,
            Self::Gateway(error) => error.code_unspent(),
        }
    }
}

/// Asks WeChat for a phone number within the budget.
pub struct AskPhoneNumber {
    /// Exchanges the code.
    pub gateway: Arc<dyn WeChatGateway>,
    /// Counts the calls.
    pub limiter: Arc<dyn RateLimiter>,
    /// The budget.
    pub limits: WeChatLimits,
}

impl AskPhoneNumber {
    /// Exchanges a code of the getPhoneNumber button of this person. The call
    /// counts unless it certainly was not made.
    ///
    /// # Errors
    ///
    /// See [`AskPhoneNumberError`].
    pub async fn execute(
        &self,
        app: &WeChatApp,
        code: &PhoneCode,
        openid: &OpenId,
    ) -> Result<ProvenPhone, AskPhoneNumberError> {
        let reservation = self.reserve(app, openid).await?;
        match self.gateway.phone_number(app, code, openid).await {
            Ok(answer) => Ok(ProvenPhone::by_wechat(&answer)),
            Err(error) => {
                if let Some(reservation) = reservation.filter(|_| error.code_unspent()) {
                    self.release(&reservation).await;
                }
                Err(error.into())
            }
        }
    }

    async fn reserve(
        &self,
        app: &WeChatApp,
        openid: &OpenId,
    ) -> Result<Option<Reservation>, AskPhoneNumberError> {
        let windows = self.limits.for_phone_call(&app.id, openid);
        if windows.is_empty() {
            return Ok(None);
        }
        match self.limiter.reserve(&windows).await {
            Ok(Admission::Reserved(reservation)) => Ok(Some(reservation)),
            Ok(Admission::Refused { retry_after, .. }) => {
                Err(AskPhoneNumberError::LimitReached { retry_after })
            }
            Err(error) => Err(AskPhoneNumberError::LimiterUnavailable(Box::new(error))),
        }
    }

    async fn release(&self, reservation: &Reservation) {
        if let Err(error) = self.limiter.release(reservation).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a phone-number call that was not made stays counted"
            );
        }
    }
}
