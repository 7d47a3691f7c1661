//! Sending a verification code.

use std::time::Duration;

use async_trait::async_trait;

use crate::model::phone_number::PhoneNumber;
use crate::model::sms_code::SmsCode;
use crate::ports::BoxError;

/// One message.
#[derive(Debug, Clone)]
pub struct SmsMessage {
    /// To whom.
    pub phone: PhoneNumber,
    /// The code; nothing else of the request reaches the text.
    pub code: SmsCode,
    /// What the code is good for: the contract's word for the purpose.
    pub purpose: &'static str,
    /// How long the code is good.
    pub expires_in: Duration,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsDelivery {
    /// The vendor of this name took it.
    Accepted {
        /// The vendor's name.
        vendor: &'static str,
        /// The vendor's own ids of the message, for its support desk.
        reference: Option<String>,
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
    Unavailable(#[source] BoxError),
}

/// Sends verification codes.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait SmsSender: Send + Sync {
    /// Sends one message, within 6 seconds whatever happens.
    ///
    /// # Errors
    ///
    /// See [`SmsSendError`]: each means that nothing was sent.
    async fn send(&self, message: &SmsMessage) -> Result<SmsDelivery, SmsSendError>;
}
