//! Messages printed instead of sent, for development.

use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use menshen_domain::ports::sms_sender::{SmsContent, SmsMessage};
use tokio::time::Instant;

use crate::entry::{Built, StandIn, VendorEntry};
use crate::outcome::Outcome;
use crate::vendor::{Attempt, Serves, SmsVendor};

/// Messages printed instead of sent.
pub static VENDOR: VendorEntry = VendorEntry {
    stand_in: Some(StandIn {
        does: "prints only",
        refusal: "prints codes and sends nothing",
    }),
    ..VendorEntry::new("console", |_, _| Ok(Built::sender(Console::default())))
};

/// Prints number and code. It is the one place where both are shown in clear,
/// which is why the production profile refuses it.
pub struct Console(Mutex<Box<dyn Write + Send>>);

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Console")
    }
}

impl Default for Console {
    /// Prints to the standard output.
    fn default() -> Self {
        Self::to(Box::new(std::io::stdout()))
    }
}

impl Console {
    /// Prints to `writer`.
    #[must_use]
    pub fn to(writer: Box<dyn Write + Send>) -> Self {
        Self(Mutex::new(writer))
    }
}

#[async_trait]
impl SmsVendor for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn serves(&self, _message: &SmsMessage) -> Serves {
        Serves::Gladly
    }

    async fn attempt(&self, message: &SmsMessage, _: Instant) -> Attempt {
        let phone = message.phone.as_e164();
        let line = match &message.content {
            SmsContent::Code(sent) => format!(
                "SMS to {phone}: {} ({}, good for {} s)\n",
                sent.code.expose(),
                sent.purpose.as_str(),
                sent.expires_in.as_secs(),
            ),
            SmsContent::NumberNotice => {
                let purpose = message.purpose().as_str();
                format!("SMS to {phone}: this number no longer signs in ({purpose})\n")
            }
        };
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let printed = writer
            .write_all(line.as_bytes())
            .and_then(|()| writer.flush());
        match printed {
            Ok(()) => Outcome::Accepted.into(),
            Err(_) => Outcome::VendorFault.into(),
        }
    }
}
