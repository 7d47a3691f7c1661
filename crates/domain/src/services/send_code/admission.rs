//! What an ask must bring and find before anything is sent.

use super::{SendCode, SendCodeError};
use crate::model::captcha::CaptchaToken;
use crate::model::limits::LimitRule;
use crate::model::origin::Origin;
use crate::model::verification::CodeScope;
use crate::ports::rate_limiter::Reservation;
use crate::services::ask_captcha::CaptchaError;

impl SendCode {
    /// Takes the places of the message, once a captcha is good where one is asked
    /// for. Of many asks at once that need none yet, some come to need one here.
    pub(super) async fn admit(
        &self,
        scope: &CodeScope,
        captcha: Option<&CaptchaToken>,
        origin: &Origin,
    ) -> Result<Reservation, SendCodeError> {
        let mut reason = None;
        if let Some(asks) = &self.captcha {
            let asked = asks.reason(scope, origin).await;
            reason = asked.map_err(SendCodeError::Unavailable)?;
        }
        if reason.is_none() {
            match self.reserve(scope, origin, false).await {
                Err(SendCodeError::CaptchaRequired(late)) => reason = Some(late),
                reserved => return reserved,
            }
        }
        if let (Some(reason), Some(asks)) = (reason, &self.captcha) {
            let token = captcha.ok_or(SendCodeError::CaptchaRequired(reason))?;
            if let Err(error) = asks.check(token, scope, origin).await {
                if matches!(error, CaptchaError::Invalid) {
                    self.tell_refused(LimitRule::Captcha, scope, origin).await?;
                }
                return Err(error.into());
            }
        }
        self.reserve(scope, origin, true).await
    }
}
