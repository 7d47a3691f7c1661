//! Twilio, Programmable Messaging 2010-04-01, for numbers overseas.

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use menshen_domain::ports::sms_sender::SmsMessage;
use menshen_outbound::{Answer, Client, Method, Request, Url, base_url, encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::time::Instant;

use crate::outcome::{Outcome, Scope};
use crate::template::RegionClass;
use crate::templates::Templates;
use crate::transport::{client, retry_after, send, unreadable, word};
use crate::vendor::{Attempt, Serves, SmsVendor, VendorConfigError};

mod entry;
mod errors;
mod receipts;
pub mod text;

pub use entry::VENDOR;
pub use receipts::TwilioReceipts;

/// What the vendor needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct TwilioConfig {
    /// The base address, such as `https://api.twilio.com`.
    pub endpoint: String,
    /// The account, `AC…`.
    pub account_sid: String,
    /// Its token.
    pub auth_token: SecretString,
    /// A number, an alphanumeric sender, or a messaging service (`MG…`).
    pub from: String,
    /// The texts, with `{code}` and `{minutes}`; for codes that have none there is a
    /// text of ours. A template's sign and list of variables have no meaning.
    pub texts: Templates,
    /// Where receipts are posted to, an address that holds a secret; without it there are none.
    pub status_callback: Option<SecretString>,
}

/// Twilio.
pub struct Twilio {
    config: TwilioConfig,
    url: Url,
    client: Client,
    authorization: SecretString,
}

impl Twilio {
    /// A sender for one account.
    ///
    /// # Errors
    ///
    /// See [`VendorConfigError`].
    pub fn new(config: TwilioConfig) -> Result<Self, VendorConfigError> {
        for (meant, text) in config.texts.iter() {
            let check = if meant.is_for_notices() {
                text::check_notice
            } else {
                text::check
            };
            check(&text.id).map_err(VendorConfigError::Text)?;
        }
        let mut url = base_url(&config.endpoint)?;
        let base = url.path().trim_end_matches('/').to_owned();
        let account = encode(&config.account_sid);
        url.set_path(&format!(
            "{base}/2010-04-01/Accounts/{account}/Messages.json"
        ));
        let pair = format!(
            "{}:{}",
            config.account_sid,
            config.auth_token.expose_secret()
        );
        Ok(Self {
            authorization: format!("Basic {}", BASE64_STANDARD.encode(pair)).into(),
            client: client()?,
            config,
            url,
        })
    }

    /// The body of the message, and so what it costs. There is none of ours for a
    /// notice: whether one is sent is the operator's choice.
    fn text(&self, message: &SmsMessage) -> Option<String> {
        let own = self.config.texts.of(message).cloned();
        let built_in = || message.code().map(|_| text::built_in(message.region()));
        Some(own.or_else(built_in)?.text(message))
    }

    fn request(&self, message: &SmsMessage, body: &str) -> Request {
        let config = &self.config;
        let from = if config.from.starts_with("MG") {
            "MessagingServiceSid"
        } else {
            "From"
        };
        // A message that is still waiting when its code ends is of no use.
        let seconds = message.code().map(|sent| sent.expires_in.as_secs());
        let validity = seconds.map(|seconds| seconds.clamp(60, 14_400).to_string());
        let mut form = vec![
            ("To", message.phone.as_e164()),
            (from, &config.from),
            ("Body", body),
        ];
        if let Some(validity) = &validity {
            form.push(("ValidityPeriod", validity));
        }
        if let Some(url) = &config.status_callback {
            form.push(("StatusCallback", url.expose_secret()));
        }
        let form: Vec<String> = form
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        Request {
            method: Method::POST,
            url: self.url.clone(),
            headers: vec![
                (
                    "content-type",
                    "application/x-www-form-urlencoded".to_owned(),
                ),
                (
                    "authorization",
                    self.authorization.expose_secret().to_owned(),
                ),
            ],
            body: Some(form.join("&").into_bytes()),
        }
    }
}

#[async_trait]
impl SmsVendor for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    /// The mainland wants senders and texts to be registered, which Twilio's
    /// seldom are.
    fn serves(&self, message: &SmsMessage) -> Serves {
        if self.text(message).is_none() {
            return Serves::Never;
        }
        match RegionClass::of(&message.phone) {
            RegionClass::Mainland => Serves::Reluctantly,
            RegionClass::Overseas => Serves::Gladly,
        }
    }

    async fn attempt(&self, message: &SmsMessage, deadline: Instant) -> Attempt {
        let Some(body) = self.text(message) else {
            return Outcome::Config(Scope::Message).into();
        };
        let request = self.request(message, &body);
        match send(&self.client, request, deadline).await {
            Ok(answer) => read(&answer, text::segments(&body)),
            Err(outcome) => outcome.into(),
        }
    }
}

/// What was taken.
#[derive(Deserialize)]
struct Taken {
    sid: String,
    status: Option<String>,
    error_code: Option<u32>,
    num_segments: Option<String>,
}

/// What was refused.
#[derive(Deserialize)]
struct Refused {
    code: u32,
}

/// A 2xx with the message's id means taken; everything else has a code.
pub(crate) fn read(answer: &Answer, segments: usize) -> Attempt {
    let (status, body) = (answer.status(), answer.body());
    let request_id = answer.header("twilio-request-id").and_then(word);
    if answer.is_success() {
        return match serde_json::from_slice::<Taken>(body) {
            Ok(taken) => Attempt {
                request_id,
                ..read_taken(&taken, segments)
            },
            Err(_) => unreadable(status).into(),
        };
    }
    let wait = retry_after(answer);
    let code = serde_json::from_slice(body).ok();
    let code = code.map(|Refused { code }| code);
    let outcome = match code {
        Some(code) => errors::outcome(status, code, wait),
        None if status == 429 => Outcome::VendorBusy { wait },
        None => unreadable(status),
    };
    Attempt {
        vendor_code: code.map(|code| code.to_string()),
        request_id,
        ..outcome.into()
    }
}

fn read_taken(taken: &Taken, segments: usize) -> Attempt {
    // Taken and given up at once.
    let failed = matches!(taken.status.as_deref(), Some("failed" | "undelivered"));
    let outcome = match taken.error_code.filter(|_| failed) {
        Some(code) => errors::outcome(201, code, None),
        None => Outcome::Accepted,
    };
    // A messaging service counts later, and says 0 until then.
    let told = taken
        .num_segments
        .as_deref()
        .and_then(|text| text.parse().ok());
    let counted = told.filter(|told| *told > 0);
    Attempt {
        vendor_code: taken.error_code.map(|code| code.to_string()),
        message_id: word(&taken.sid),
        cost_units: counted.or_else(|| u32::try_from(segments).ok()),
        ..outcome.into()
    }
}
