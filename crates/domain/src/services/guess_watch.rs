//! Watching for people who guess codes. It refuses no try, so that nobody is locked
//! out by somebody else's guesses; it raises events, and what it counts makes a
//! captcha be asked for ([`AskCaptcha`](crate::services::ask_captcha::AskCaptcha)).

use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::guessing;
use crate::model::limits::Window;
use crate::model::origin::Origin;
use crate::model::verification::CodeScope;
use crate::ports::BoxError;
use crate::ports::audit_log::AuditLog;
use crate::ports::clock::Clock;
use crate::ports::randomness::Randomness;
use crate::ports::rate_limiter::{Admission, RateLimiter, RateLimiterError};

/// Counts wrong tries in a row and in all.
pub(super) struct GuessWatch<'a> {
    pub(super) limiter: &'a dyn RateLimiter,
    pub(super) audit: &'a dyn AuditLog,
    pub(super) clock: &'a dyn Clock,
    pub(super) randomness: &'a dyn Randomness,
}

impl GuessWatch<'_> {
    /// A compared code was wrong.
    ///
    /// # Errors
    ///
    /// Those of the ports: guesses that cannot be counted must not go on.
    pub(super) async fn wrong(&self, scope: &CodeScope, origin: &Origin) -> Result<(), BoxError> {
        let run = [guessing::run_at(&scope.phone)];
        // A row that is full stays full: the try itself is refused by other limits.
        self.limiter.reserve(&run).await?;
        let full = self.limiter.wait(&run).await?.is_some();
        if full && self.is_first(guessing::row_about(&scope.phone)).await? {
            let reason = format!("{} wrong codes in a row", guessing::RUN);
            let (action, now) = (AuditAction::OtpGuessing, self.clock.now());
            let row = AuditEvent::about_code(action, scope, origin, now, self.randomness);
            self.audit.append(&[row.with_reason(reason)]).await?;
            tracing::warn!(
                phone = scope.phone.masked(),
                "somebody guesses at codes of a number"
            );
        }
        self.one_more().await
    }

    /// One more try was wrong or malformed, at whichever number.
    ///
    /// # Errors
    ///
    /// Those of the ports.
    pub(super) async fn one_more(&self) -> Result<(), BoxError> {
        let counted = self.limiter.reserve(&[guessing::wave()]).await?;
        let above = matches!(counted, Admission::Refused { .. });
        if above && self.is_first(guessing::row_about_a_wave()).await? {
            let reason = format!("more than {} wrong codes a minute", guessing::WAVE);
            let row = AuditEvent::new(AuditAction::OtpSpray, self.clock.now(), self.randomness);
            self.audit.append(&[row.with_reason(reason)]).await?;
            tracing::warn!("wrong codes come in a wave, over all numbers");
        }
        Ok(())
    }

    /// Whether this is the first of its kind for a while.
    async fn is_first(&self, window: Window) -> Result<bool, RateLimiterError> {
        let admission = self.limiter.reserve(&[window]).await?;
        Ok(matches!(admission, Admission::Reserved(_)))
    }
}
