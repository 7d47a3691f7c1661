//! The places of a message in its limits, before anybody is asked to send it.

use super::{SendCode, SendCodeError, unavailable};
use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::limits::{LimitRule, Limits, Window};
use crate::model::origin::Origin;
use crate::model::verification::CodeScope;
use crate::ports::rate_limiter::{Admission, Reservation};
use crate::services::send_budget;

impl SendCode {
    /// Takes the places of a message, or tells which limit has none.
    pub(super) async fn reserve(
        &self,
        scope: &CodeScope,
        origin: &Origin,
    ) -> Result<Reservation, SendCodeError> {
        let windows = self.limits.for_sms(scope, origin.address);
        let (limiter, records, now) = (&*self.limiter, &*self.records, self.clock.now());
        let admission = send_budget::reserve(limiter, records, &self.limits, &windows, now).await;
        let (rule, retry_after) = match admission.map_err(SendCodeError::Unavailable)? {
            Admission::Reserved(reservation) => return Ok(reservation),
            Admission::Refused { rule, retry_after } => (rule, retry_after),
        };
        self.tell_refused(rule, scope, origin).await?;
        Err(if rule == LimitRule::ResendInterval {
            SendCodeError::TooFrequent { retry_after }
        } else {
            SendCodeError::LimitReached { retry_after }
        })
    }

    /// One row per source and minute; all refusals are counted in the metrics. That
    /// the day's budget is used up is an event of its own, once a day.
    async fn tell_refused(
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
