//! Sending a verification code.

mod admission;
mod places;

use std::sync::Arc;
use std::time::Duration;

use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::captcha::{CaptchaReason, CaptchaToken};
use crate::model::identifiers::SendId;
use crate::model::limits::Limits;
use crate::model::origin::{Origin, source_network};
use crate::model::policy::SmsPolicy;
use crate::model::sms_message::{AskedThrough, MessagePurpose};
use crate::model::spend::GuardPolicy;
use crate::model::verification::{ChallengeId, CodeScope, CodeSeed};
use crate::ports::BoxError;
use crate::ports::audit_log::AuditLog;
use crate::ports::clock::Clock;
use crate::ports::code_store::{CodeStore, Draft};
use crate::ports::mac::Mac;
use crate::ports::randomness::Randomness;
use crate::ports::rate_limiter::RateLimiter;
use crate::ports::send_records::{NewSend, SendRecords, SendRecordsError};
use crate::ports::sms_sender::{
    SentCode, SmsContent, SmsDelivery, SmsMessage, SmsReport, SmsSendError, SmsSender,
};
use crate::ports::spend_observer::SpendObserver;
use crate::services::ask_captcha::{AskCaptcha, CaptchaError};
use crate::services::test_numbers::TestNumbers;

/// A code with less life than this left is not sent again: a new one is made.
const REUSABLE_FOR: Duration = Duration::from_mins(2);

/// A code that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeOnItsWay {
    /// The name of this ask.
    pub challenge: ChallengeId,
    /// The number in masked form.
    pub phone_masked: String,
    /// What is left of the code's life.
    pub expires_in: Duration,
    /// When it may be asked for again.
    pub resend_after: Duration,
}

/// Why no code was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendCodeError {
    /// The number is from where the deployment sends nothing.
    #[error("numbers from this region are not allowed")]
    RegionNotAllowed,
    /// A captcha must come with the ask.
    #[error("a captcha is asked for")]
    CaptchaRequired(CaptchaReason),
    /// The captcha that came does not count.
    #[error(transparent)]
    Captcha(#[from] CaptchaError),
    /// Too soon after the last message.
    #[error("too soon after the last message")]
    TooFrequent {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A limit by hour or day is reached.
    #[error("a limit by hour or day is reached")]
    LimitReached {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A vendor says that the number cannot receive messages.
    #[error("the number cannot receive messages")]
    Unreachable,
    /// The vendors refuse our account or settings.
    #[error("the SMS vendors refuse our account or settings")]
    Misconfigured(#[source] BoxError),
    /// No vendor took the message.
    #[error("no SMS vendor took the message")]
    VendorsUnavailable {
        /// When one is asked again, where it is known.
        retry_after: Option<Duration>,
        /// Why, vendor by vendor.
        #[source]
        source: BoxError,
    },
    /// A store did not answer: nothing is sent then.
    #[error("a store is unavailable")]
    Unavailable(#[source] BoxError),
}

fn unavailable(error: impl Into<BoxError>) -> SendCodeError {
    SendCodeError::Unavailable(error.into())
}

/// The message is on its way: a record that fails now must not make the person pay
/// for another one. It counts the message as sent, whatever became of it.
fn told(send: SendId, finished: Result<(), SendRecordsError>) {
    if let Err(error) = finished {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            send_id = %send,
            "that a message was sent is missing in the send record and the audit log"
        );
    }
}

/// Sends verification codes.
pub struct SendCode {
    /// The outstanding codes.
    pub codes: Arc<dyn CodeStore>,
    /// Counts messages.
    pub limiter: Arc<dyn RateLimiter>,
    /// Carries messages.
    pub sender: Arc<dyn SmsSender>,
    /// Is told of every message.
    pub records: Arc<dyn SendRecords>,
    /// Is told of every ask.
    pub audit: Arc<dyn AuditLog>,
    /// Derives the codes.
    pub mac: Arc<dyn Mac>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws seeds and challenges.
    pub randomness: Arc<dyn Randomness>,
    /// Regions and lives.
    pub policy: Arc<SmsPolicy>,
    /// Asks for captchas; none where no service makes them.
    pub captcha: Option<AskCaptcha>,
    /// To whom nothing is sent.
    pub test_numbers: Arc<TestNumbers>,
    /// The limits of messages.
    pub limits: Limits,
    /// The verified-to-sent budget.
    pub guard: GuardPolicy,
    /// Is told of messages without a budget.
    pub spending: Arc<dyn SpendObserver>,
}

impl SendCode {
    /// Sends a code for `scope`: the one that lives, or a new one.
    ///
    /// A captcha is looked at, and spent, only where one is asked for.
    ///
    /// Who the number belongs to is not asked, so that the answer does not
    /// depend on it.
    ///
    /// # Errors
    ///
    /// See [`SendCodeError`]; each means that nothing was sent, that an earlier
    /// code stays as it is, and that no limit counts the ask.
    pub async fn execute(
        &self,
        scope: &CodeScope,
        captcha: Option<&CaptchaToken>,
        origin: &Origin,
    ) -> Result<CodeOnItsWay, SendCodeError> {
        if !self.policy.regions.contains(&scope.phone.region()) {
            return Err(SendCodeError::RegionNotAllowed);
        }
        let reservation = self.admit(scope, captcha, origin).await?;
        let sent = self.draft_and_send(scope, origin).await;
        if sent.is_err() {
            self.give_back(&reservation).await;
        }
        let draft = sent?;
        let challenge = ChallengeId::generate(&*self.randomness);
        let committed = self
            .codes
            .commit(scope, &draft, challenge, self.policy.max_attempts)
            .await;
        committed.map_err(unavailable)?;
        Ok(CodeOnItsWay {
            challenge,
            phone_masked: scope.phone.masked(),
            expires_in: draft.expires_in,
            resend_after: self.limits.resend_interval,
        })
    }

    /// Picks the seed, and hands the message over.
    async fn draft_and_send(
        &self,
        scope: &CodeScope,
        origin: &Origin,
    ) -> Result<Draft, SendCodeError> {
        let fresh = CodeSeed::generate(&*self.randomness);
        let draft = self
            .codes
            .draft(scope, fresh, self.policy.code_ttl, REUSABLE_FOR)
            .await;
        let draft = draft.map_err(unavailable)?;
        let error = match self.hand_over(scope, origin, &draft).await {
            Ok(()) => return Ok(draft),
            Err(error) => error,
        };
        self.codes
            .discard(scope, draft.seed.id)
            .await
            .map_err(unavailable)?;
        Err(error)
    }

    /// Hands the message to the vendors. The record and the audit log are told before
    /// and after, together: with either of them away, nothing is sent or paid for.
    async fn hand_over(
        &self,
        scope: &CodeScope,
        origin: &Origin,
        draft: &Draft,
    ) -> Result<(), SendCodeError> {
        let now = self.clock.now();
        let asked = self.row(AuditAction::CodeRequested, scope, origin);
        if self.test_numbers.covers(&scope.phone, now) {
            let sent = self.row(AuditAction::CodeSent, scope, origin);
            let rows = [asked, sent.with_reason("test_number")];
            return self.audit.append(&rows).await.map_err(unavailable);
        }
        let message = SmsMessage {
            id: SendId::generate(&*self.randomness, now),
            phone: scope.phone.clone(),
            content: SmsContent::Code(SentCode {
                code: draft.seed.code(&*self.mac, scope),
                purpose: scope.purpose,
                expires_in: draft.expires_in,
            }),
        };
        let send = NewSend {
            id: message.id,
            phone: scope.phone.clone(),
            purpose: MessagePurpose::Code(scope.purpose),
            asked: AskedThrough::Client(scope.client_type),
            source: source_network(origin.address),
            at: now,
        };
        // What is not on record would not be counted after a restart.
        let begun = self.records.begin(&send, &asked).await;
        begun.map_err(unavailable)?;
        let report = self.sender.send(&message).await;
        let finished = self.finish(message.id, &report, scope, origin).await;
        match report.verdict {
            Ok(_) => {
                told(message.id, finished);
                Ok(())
            }
            Err(error) => {
                finished.map_err(unavailable)?;
                Err(refusal(error))
            }
        }
    }

    async fn finish(
        &self,
        id: SendId,
        report: &SmsReport,
        scope: &CodeScope,
        origin: &Origin,
    ) -> Result<(), SendRecordsError> {
        let (action, reason) = match &report.verdict {
            Ok(SmsDelivery::Accepted { vendor }) => (AuditAction::CodeSent, (*vendor).to_owned()),
            Ok(SmsDelivery::Unknown { vendor }) => {
                (AuditAction::CodeSendUnknown, (*vendor).to_owned())
            }
            Err(error) => (AuditAction::CodeRefused, error.to_string()),
        };
        let row = self.row(action, scope, origin).with_reason(reason);
        let verdict = report.recorded_verdict();
        let records = &self.records;
        records.finish(id, &report.attempts, verdict, &row).await
    }

    fn row(&self, action: AuditAction, scope: &CodeScope, origin: &Origin) -> AuditEvent {
        AuditEvent::about_code(action, scope, origin, self.clock.now(), &*self.randomness)
    }
}

fn refusal(error: SmsSendError) -> SendCodeError {
    /// Vendors count by the minute; longer waits are their limits by hour or day.
    const MINUTE: Duration = Duration::from_mins(1);
    match error {
        SmsSendError::Unreachable => SendCodeError::Unreachable,
        SmsSendError::NumberLimited { retry_after } if retry_after <= MINUTE => {
            SendCodeError::TooFrequent { retry_after }
        }
        SmsSendError::NumberLimited { retry_after } => SendCodeError::LimitReached { retry_after },
        SmsSendError::Misconfigured(source) => SendCodeError::Misconfigured(source),
        SmsSendError::Unavailable {
            retry_after,
            source,
        } => SendCodeError::VendorsUnavailable {
            retry_after,
            source,
        },
    }
}
