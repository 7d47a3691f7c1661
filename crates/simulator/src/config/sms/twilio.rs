//! The account of the offline Twilio.

use super::defaults as d;

/// An account of the offline Twilio.
#[derive(Clone)]
pub struct TwilioAccount {
    /// The account's sid, `AC` and 32 hex digits.
    pub account_sid: String,
    /// The account's token, which also signs callbacks.
    pub auth_token: String,
    /// Sid and secret of each API key.
    pub api_keys: Vec<(String, String)>,
    /// Numbers and names that it may send from.
    pub senders: Vec<String>,
    /// Messaging services that it may send through.
    pub messaging_services: Vec<String>,
    /// Country calling codes, without `+`, that it may not send to.
    pub closed_countries: Vec<String>,
}

impl Default for TwilioAccount {
    fn default() -> Self {
        Self {
            account_sid: d::TWILIO_ACCOUNT_SID.to_owned(),
            auth_token: d::TWILIO_AUTH_TOKEN.to_owned(),
            api_keys: vec![(
                d::TWILIO_API_KEY.to_owned(),
                d::TWILIO_API_SECRET.to_owned(),
            )],
            senders: vec![d::TWILIO_FROM.to_owned(), "Menshen".to_owned()],
            messaging_services: vec![d::TWILIO_MESSAGING_SERVICE_SID.to_owned()],
            closed_countries: Vec::new(),
        }
    }
}

impl std::fmt::Debug for TwilioAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TwilioAccount")
            .field("account_sid", &self.account_sid)
            .field("senders", &self.senders)
            .field("closed_countries", &self.closed_countries)
            .finish_non_exhaustive()
    }
}
