//! Telling a number that it does not sign in to an account any more.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::identifiers::SendId;
use crate::model::limits::Limits;
use crate::model::number_notice::{LostNumber, NoticeOutcome, why_untold};
use crate::model::origin::source_network;
use crate::model::policy::SmsPolicy;
use crate::model::sms_message::MessagePurpose;
use crate::ports::BoxError;
use crate::ports::clock::Clock;
use crate::ports::number_notices::NoticeObserver;
use crate::ports::randomness::Randomness;
use crate::ports::rate_limiter::{Admission, MessagePlaces, RateLimiter, Reservation};
use crate::ports::send_records::{NewSend, SendRecords};
use crate::ports::sms_sender::{SmsContent, SmsDelivery, SmsMessage, SmsReport, SmsSender};
use crate::services::send_budget::SendBudget;
use crate::services::test_numbers::TestNumbers;

/// Tells lost numbers, as well as it can be done.
pub struct TellOldNumber {
    /// Carries messages.
    pub sender: Arc<dyn SmsSender>,
    /// Counts messages.
    pub limiter: Arc<dyn RateLimiter>,
    /// Is told of every message.
    pub records: Arc<dyn SendRecords>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names messages and rows.
    pub randomness: Arc<dyn Randomness>,
    /// Regions.
    pub policy: Arc<SmsPolicy>,
    /// The limits of messages.
    pub limits: Limits,
    /// To whom nothing is sent.
    pub test_numbers: Arc<TestNumbers>,
    /// Is told what became of it.
    pub observer: Arc<dyn NoticeObserver>,
}

impl TellOldNumber {
    /// Sends one message, once, through the vendors as a code goes; answers, and
    /// counts, what became of it. Nothing else follows from it: the number is gone
    /// from the account already.
    pub async fn execute(&self, lost: &LostNumber) -> NoticeOutcome {
        let outcome = match self.tell(lost).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(
                    error = &*error as &dyn std::error::Error,
                    phone = lost.phone.masked(),
                    user.id = %lost.user,
                    "a number that was lost could not be told"
                );
                NoticeOutcome::Failed
            }
        };
        self.observer.came_to(outcome);
        outcome
    }

    async fn tell(&self, lost: &LostNumber) -> Result<NoticeOutcome, BoxError> {
        let now = self.clock.now();
        let is_test_number = self.test_numbers.covers(&lost.phone, now);
        if let Some(why) = why_untold(lost, &self.policy.regions, is_test_number) {
            return Ok(why);
        }
        let message = SmsMessage {
            id: SendId::generate(&*self.randomness, now),
            phone: lost.phone.clone(),
            content: SmsContent::NumberNotice,
        };
        if !self.sender.has_channel(&message) {
            return Ok(NoticeOutcome::NoChannel);
        }
        let Some(places) = self.reserve(lost, now).await? else {
            return Ok(NoticeOutcome::Limited);
        };
        let told = self.hand_over(lost, &message, now).await;
        if !matches!(told, Ok(NoticeOutcome::Sent | NoticeOutcome::Unknown)) {
            self.give_back(&places).await;
        }
        told
    }

    /// Takes the places of the message; nothing if a window has none.
    async fn reserve(
        &self,
        lost: &LostNumber,
        now: DateTime<Utc>,
    ) -> Result<Option<Reservation>, BoxError> {
        let budget = SendBudget {
            limiter: &*self.limiter,
            records: &*self.records,
            limits: &self.limits,
            now,
        };
        let places = MessagePlaces {
            windows: self.limits.for_number_notice(&lost.phone),
            ..MessagePlaces::default()
        };
        match budget.reserve(&lost.phone, &places).await? {
            Admission::Reserved(reservation) => Ok(Some(reservation)),
            Admission::Refused { .. } => Ok(None),
        }
    }

    /// As a code: on record before any vendor is asked, and after.
    async fn hand_over(
        &self,
        lost: &LostNumber,
        message: &SmsMessage,
        now: DateTime<Utc>,
    ) -> Result<NoticeOutcome, BoxError> {
        let send = NewSend {
            id: message.id,
            phone: lost.phone.clone(),
            purpose: message.purpose(),
            asked: lost.asked,
            source: source_network(lost.origin.address),
            at: now,
        };
        let begun = self.row(AuditAction::NumberNoticeBegun, lost);
        self.records.begin(&send, &begun).await?;
        let report = self.sender.send(message).await;
        let (verdict, row) = (report.recorded_verdict(), self.end_row(lost, &report));
        let id = message.id;
        let finished = self.records.finish(id, &report.attempts, verdict, &row);
        if let Err(error) = finished.await {
            // What became of it stands all the same; unfinished, it counts as sent.
            tracing::error!(
                error = &error as &dyn std::error::Error,
                send_id = %id,
                "what became of a notice is missing in the send record and the audit log"
            );
        }
        match report.verdict? {
            SmsDelivery::Accepted { .. } => Ok(NoticeOutcome::Sent),
            SmsDelivery::Unknown { .. } => Ok(NoticeOutcome::Unknown),
        }
    }

    fn end_row(&self, lost: &LostNumber, report: &SmsReport) -> AuditEvent {
        let (action, reason) = match &report.verdict {
            Ok(SmsDelivery::Accepted { vendor }) => (AuditAction::NumberTold, (*vendor).to_owned()),
            Ok(SmsDelivery::Unknown { vendor }) => {
                (AuditAction::NumberTold, format!("{vendor}: unknown"))
            }
            Err(error) => (AuditAction::NumberNotTold, error.to_string()),
        };
        self.row(action, lost).with_reason(reason)
    }

    fn row(&self, action: AuditAction, lost: &LostNumber) -> AuditEvent {
        AuditEvent::new(action, self.clock.now(), &*self.randomness)
            .with_user(lost.user)
            .with_subject(lost.phone.masked())
            .with_method(MessagePurpose::NUMBER_NOTICE)
            .with_origin(&lost.origin)
    }

    /// Nothing was sent: the places are free again.
    async fn give_back(&self, places: &Reservation) {
        if let Err(error) = self.limiter.release(places).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the places of a notice could not be released"
            );
        }
    }
}
