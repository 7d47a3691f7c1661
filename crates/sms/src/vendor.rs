//! What a vendor must be able to do.

use async_trait::async_trait;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sms_sender::SmsMessage;
use menshen_outbound::{BadBaseUrl, ClientError};
use menshen_signing::webhook::BadWebhookSecret;
use tokio::time::Instant;

use crate::outcome::Outcome;
use crate::twilio::text::BadText;

/// 32 random hexadecimal digits.
#[must_use]
pub fn random_hex(randomness: &dyn Randomness) -> String {
    let mut bytes = [0; 16];
    randomness.fill(&mut bytes);
    hex::encode(bytes)
}

/// What one attempt came to, and what the log needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What it came to.
    pub outcome: Outcome,
    /// The vendor's own word for it, such as `isv.AMOUNT_NOT_ENOUGH`.
    pub vendor_code: Option<String>,
    /// The vendor's id of the request, for its support desk.
    pub request_id: Option<String>,
    /// The vendor's id of the message, which its receipt names.
    pub message_id: Option<String>,
    /// What it costs, in the vendor's own unit: segments for most.
    pub cost_units: Option<u32>,
}

impl From<Outcome> for Attempt {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            vendor_code: None,
            request_id: None,
            message_id: None,
            cost_units: None,
        }
    }
}

/// Whether a vendor is one for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Serves {
    /// It is meant for such messages.
    Gladly,
    /// It can be tried once the others have failed: messages to that region
    /// seldom arrive through it.
    Reluctantly,
    /// It has no template for such messages, and is not asked.
    Never,
}

impl Serves {
    /// Gladly with what the message needs, such as a template; else never.
    #[must_use]
    pub fn with<T>(need: Option<&T>) -> Self {
        need.map_or(Self::Never, |_| Self::Gladly)
    }
}

/// Somebody who sends messages for us.
#[async_trait]
pub trait SmsVendor: Send + Sync {
    /// The vendor's name in the configuration and in logs.
    fn name(&self) -> &'static str;

    /// Whether the vendor is one for this message; without I/O. A notice is sent by
    /// those only that say so: most need a text of its own.
    fn serves(&self, message: &SmsMessage) -> Serves {
        Serves::with(message.code())
    }

    /// Asks the vendor once, before `deadline`. Whatever goes wrong is an
    /// outcome.
    async fn attempt(&self, message: &SmsMessage, deadline: Instant) -> Attempt;
}

/// Why no vendor can be made of a configuration.
#[derive(Debug, thiserror::Error)]
pub enum VendorConfigError {
    /// The account has no value for a key.
    #[error("the account of the SMS vendor lacks {0}")]
    Lacks(&'static str),
    /// The vendor's address is not one.
    #[error("the address of the SMS vendor is {0}")]
    Address(#[from] BadBaseUrl),
    /// The address is plain HTTP to another machine.
    #[error("the address of the SMS webhook must begin with https://")]
    NotHttps,
    /// The secret of the webhook is not one of Standard Webhooks.
    #[error("the secret of the SMS webhook must be whsec_ and the base64 of 24 to 64 bytes")]
    Secret(#[from] BadWebhookSecret),
    /// A text cannot be sent.
    #[error(transparent)]
    Text(BadText),
    /// The machine offers no usable TLS set-up.
    #[error(transparent)]
    Client(#[from] ClientError),
}
