//! Sending a message: a verification code, or word that a number was lost.

use std::time::Duration;

use async_trait::async_trait;

use crate::model::identifiers::SendId;
use crate::model::phone_number::PhoneNumber;
use crate::model::region::Region;
use crate::model::sms_code::SmsCode;
use crate::model::sms_delivery::{SendVerdict, SmsAttempt};
use crate::model::sms_message::MessagePurpose;
use crate::model::verification::Purpose;
use crate::ports::BoxError;

/// One message.
#[derive(Debug, Clone)]
pub struct SmsMessage {
    /// Which message it is, in all attempts to send it.
    pub id: SendId,
    /// To whom.
    pub phone: PhoneNumber,
    /// What it says.
    pub content: SmsContent,
}

/// What a message says. Nothing else of a request reaches the text.
#[derive(Debug, Clone)]
pub enum SmsContent {
    /// A verification code.
    Code(SentCode),
    /// That the number does not sign in to an account any more: an approved text
    /// without variables.
    NumberNotice,
}

/// A code on its way.
#[derive(Debug, Clone)]
pub struct SentCode {
    /// The code.
    pub code: SmsCode,
    /// What it is good for.
    pub purpose: Purpose,
    /// How long it is good.
    pub expires_in: Duration,
}

impl SmsMessage {
    /// Where the message goes.
    #[must_use]
    pub fn region(&self) -> Region {
        self.phone.region()
    }

    /// The code in it; nothing in a notice.
    #[must_use]
    pub const fn code(&self) -> Option<&SentCode> {
        match &self.content {
            SmsContent::Code(code) => Some(code),
            SmsContent::NumberNotice => None,
        }
    }

    /// What it is for.
    #[must_use]
    pub const fn purpose(&self) -> MessagePurpose {
        match &self.content {
            SmsContent::Code(code) => MessagePurpose::Code(code.purpose),
            SmsContent::NumberNotice => MessagePurpose::NumberNotice,
        }
    }
}

/// A message that left, or may have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsDelivery {
    /// The vendor of this name took it.
    Accepted {
        /// The vendor's name.
        vendor: &'static str,
    },
    /// The request was written but no answer came: it may have been sent, so it
    /// counts as sent and is not sent again by another vendor.
    Unknown {
        /// The vendor's name.
        vendor: &'static str,
    },
}

/// Why no message was sent.
#[derive(Debug, thiserror::Error)]
pub enum SmsSendError {
    /// The number is malformed for the vendor, not in service, or blocked.
    #[error("the number cannot receive messages")]
    Unreachable,
    /// The vendor's own limit for the number, with the wait where it is known;
    /// no other vendor is asked, since the limit protects the recipient.
    #[error("the vendor's limit for this number is reached")]
    NumberLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Our credentials, signature, template or balance are refused.
    #[error("the vendor refuses our account or settings")]
    Misconfigured(#[source] BoxError),
    /// No vendor took it.
    #[error("no vendor took the message")]
    Unavailable {
        /// When one is asked again, where it is known.
        retry_after: Option<Duration>,
        /// Why, vendor by vendor.
        #[source]
        source: BoxError,
    },
}

/// What was tried for one message, and what came of it.
#[derive(Debug)]
pub struct SmsReport {
    /// Every attempt that was made, in order; none if no vendor was asked.
    pub attempts: Vec<SmsAttempt>,
    /// What the person is told. An error means that nothing was sent.
    pub verdict: Result<SmsDelivery, SmsSendError>,
}

impl SmsReport {
    /// The verdict as the record keeps it.
    #[must_use]
    pub fn recorded_verdict(&self) -> SendVerdict {
        match &self.verdict {
            Ok(SmsDelivery::Accepted { .. }) => SendVerdict::Accepted,
            Ok(SmsDelivery::Unknown { .. }) => SendVerdict::Unknown,
            Err(SmsSendError::Unreachable) => SendVerdict::Unreachable,
            Err(SmsSendError::NumberLimited { .. }) => SendVerdict::NumberLimited,
            Err(SmsSendError::Misconfigured(_)) => SendVerdict::Misconfigured,
            Err(SmsSendError::Unavailable { .. }) => SendVerdict::Unavailable,
        }
    }
}

/// Sends messages.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait SmsSender: Send + Sync {
    /// Sends one message, within 6 seconds whatever happens, and reports every
    /// attempt.
    async fn send(&self, message: &SmsMessage) -> SmsReport;

    /// Whether any vendor has a text for such a message to there, whether or not it
    /// is up; without I/O.
    fn has_channel(&self, message: &SmsMessage) -> bool;
}
