//! The places of a message in its limits, before anybody is asked to send it.

use super::{SendCode, SendCodeError, unavailable};
use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::captcha::CaptchaReason;
use crate::model::limits::{LimitKey, LimitRule, Limits, Window};
use crate::model::origin::Origin;
use crate::model::spend::{GuardMode, Overdrawn};
use crate::model::verification::CodeScope;
use crate::ports::rate_limiter::{Admission, MessagePlaces, Reservation};
use crate::services::send_budget::SendBudget;

impl SendCode {
    /// Takes the places of a message, or tells which limit has none, or which budget.
    /// Without a captcha, a source has only so many codes: those who ask at once cannot
    /// all be the last.
    pub(super) async fn reserve(
        &self,
        scope: &CodeScope,
        origin: &Origin,
        with_captcha: bool,
    ) -> Result<Reservation, SendCodeError> {
        let places = self.places(scope, origin, with_captcha);
        let budget = SendBudget {
            limiter: &*self.limiter,
            records: &*self.records,
            limits: &self.limits,
            now: self.clock.now(),
        };
        let admission = budget.reserve(&scope.phone, &places).await;
        let (rule, retry_after) = match admission.map_err(SendCodeError::Unavailable)? {
            Admission::Reserved(reservation) => {
                return self.weighed(reservation, scope, origin).await;
            }
            Admission::Refused { rule, retry_after } => (rule, retry_after),
        };
        if rule == LimitRule::Captcha {
            return Err(SendCodeError::CaptchaRequired(CaptchaReason::Source));
        }
        self.tell_refused(rule, scope, origin).await?;
        Err(if rule == LimitRule::ResendInterval {
            SendCodeError::TooFrequent { retry_after }
        } else {
            SendCodeError::LimitReached { retry_after }
        })
    }

    fn places(&self, scope: &CodeScope, origin: &Origin, with_captcha: bool) -> MessagePlaces {
        let now = self.clock.now();
        let phone = &scope.phone;
        // A test number gets no message, and its code is no news.
        let scopes = if self.test_numbers.covers(phone, now) {
            Vec::new()
        } else {
            self.guard.scopes(phone, origin.address)
        };
        let limited = self.limits.person_since(now).is_some();
        let mut windows = self.limits.for_sms(scope, origin.address);
        if let Some(asks) = &self.captcha {
            windows.push(asks.policy.source(origin.address, with_captcha));
        }
        MessagePlaces {
            windows,
            person: limited.then(|| LimitKey::SmsPhone(phone.clone())),
            scopes,
        }
    }

    /// Keeps the places of a message that has a budget; of one that has none only if the
    /// guard looks on.
    async fn weighed(
        &self,
        reservation: Reservation,
        scope: &CodeScope,
        origin: &Origin,
    ) -> Result<Reservation, SendCodeError> {
        let spend = &reservation.spend;
        let Some(overdrawn) = self.guard.judge(&spend.counted, spend.at) else {
            return Ok(reservation);
        };
        let refused = self.guard.mode == GuardMode::Enforce;
        self.spending.overdrawn(&overdrawn, refused);
        let told = self.tell_overdrawn(&overdrawn, scope, origin).await;
        if refused || told.is_err() {
            self.give_back(&reservation).await;
        }
        told?;
        if !refused {
            return Ok(reservation);
        }
        let retry_after = overdrawn.retry_after;
        Err(SendCodeError::LimitReached { retry_after })
    }

    /// One row of the log an hour for each kind of scope; and, of a refusal, the row that
    /// any other limit writes.
    async fn tell_overdrawn(
        &self,
        overdrawn: &Overdrawn,
        scope: &CodeScope,
        origin: &Origin,
    ) -> Result<(), SendCodeError> {
        let refused = self.guard.mode == GuardMode::Enforce;
        let mut rows = Vec::new();
        if refused
            && self
                .is_due(&Limits::for_refusal_row(origin.address))
                .await?
        {
            let row = self.row(AuditAction::CodeRefused, scope, origin);
            rows.push(row.with_reason("sms_guard"));
        }
        if self
            .is_due(&Limits::for_guard_row(&overdrawn.scope))
            .await?
        {
            let fate = if refused { "refused" } else { "recorded" };
            let (whose, span) = (overdrawn.scope.as_str(), overdrawn.span.as_str());
            tracing::warn!(
                scope = whose,
                window = span,
                fate,
                "too few of the codes sent are entered"
            );
            let row = self.row(AuditAction::SmsOverdrawn, scope, origin);
            rows.push(row.with_reason(format!("{whose}/{span} {fate}")));
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.audit.append(&rows).await.map_err(unavailable)
    }

    /// One row per source and minute; all refusals are counted in the metrics. That
    /// the day's budget is used up is an event of its own, once a day.
    pub(super) async fn tell_refused(
        &self,
        rule: LimitRule,
        scope: &CodeScope,
        origin: &Origin,
    ) -> Result<(), SendCodeError> {
        let mut rows = Vec::new();
        if self
            .is_due(&Limits::for_refusal_row(origin.address))
            .await?
        {
            let row = self.row(AuditAction::CodeRefused, scope, origin);
            rows.push(row.with_reason(reason(rule)));
        }
        let event = AuditAction::SmsBudgetSpent;
        if rule == LimitRule::DeploymentDay && self.is_due(&Limits::for_event(event)).await? {
            let day = self.limits.deployment_day.to_string();
            let row = AuditEvent::new(event, self.clock.now(), &*self.randomness);
            rows.push(row.with_reason(day));
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.audit.append(&rows).await.map_err(unavailable)
    }

    /// True if a row has a place, which it takes.
    async fn is_due(&self, window: &[Window]) -> Result<bool, SendCodeError> {
        let admission = self.limiter.reserve(window).await.map_err(unavailable)?;
        Ok(matches!(admission, Admission::Reserved(_)))
    }

    /// Nothing was sent: the places are free again.
    pub(super) async fn give_back(&self, reservation: &Reservation) {
        if let Err(error) = self.limiter.release(reservation).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a reservation could not be released"
            );
        }
    }
}

/// The word of the audit row.
fn reason(rule: LimitRule) -> &'static str {
    match rule {
        // The word that rows have had from the start.
        LimitRule::SmsVolume => "limit",
        rule => rule.as_str(),
    }
}
