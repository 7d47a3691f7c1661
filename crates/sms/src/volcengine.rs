//! Volcengine SMS, volcSMS 2020-01-01.

use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::sms_sender::{SmsContent, SmsMessage};
use menshen_outbound::{Answer, Client, Method, Request, Url, base_url};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::canonical::{SignedParts, basic_date, canonical_query, hex_sha256, host_header};
use crate::outcome::{Outcome, Scope};
use crate::template::{RegionClass, Template};
use crate::templates::Templates;
use crate::transport::{client, send, unreadable, word};
use crate::vendor::{Attempt, Serves, SmsVendor, VendorConfigError};
use crate::volcengine::signature::sign;

mod entry;
mod errors;
mod receipts;
pub mod signature;

pub use entry::VENDOR;
pub use receipts::VolcengineReceipts;

const QUERY: [(&str, &str); 2] = [("Action", "SendSms"), ("Version", "2020-01-01")];
const JSON: &str = "application/json";

/// What the vendor needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct VolcengineConfig {
    /// The base address, such as `https://sms.volcengineapi.com`. Requests go to
    /// its path, but what is signed is always `/`.
    pub endpoint: String,
    /// The id of an access key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: SecretString,
    /// The id of the message group.
    pub sms_account: String,
    /// The id of the message group for notices, if it is another one.
    pub notice_sms_account: Option<String>,
    /// The approved sign, of templates that name none.
    pub sign: String,
    /// The templates, such as `ST_xxxx`.
    pub templates: Templates,
    /// The region, `cn-north-1`.
    pub region: String,
}

/// Volcengine SMS.
pub struct Volcengine {
    config: VolcengineConfig,
    url: Url,
    host: String,
    client: Client,
    clock: Arc<dyn Clock>,
}

/// The body of `SendSms`.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "SmsAccount")]
    sms_account: &'a str,
    #[serde(rename = "Sign")]
    sign: &'a str,
    #[serde(rename = "TemplateID")]
    template_id: &'a str,
    #[serde(rename = "TemplateParam", skip_serializing_if = "Option::is_none")]
    template_param: Option<String>,
    #[serde(rename = "PhoneNumbers")]
    phone_numbers: &'a str,
    #[serde(rename = "Tag")]
    tag: String,
}

impl Volcengine {
    /// A sender for one message group.
    ///
    /// # Errors
    ///
    /// See [`VendorConfigError`].
    pub fn new(config: VolcengineConfig, clock: Arc<dyn Clock>) -> Result<Self, VendorConfigError> {
        let mut url = base_url(&config.endpoint)?;
        let host = host_header(&url);
        url.set_query(Some(&canonical_query(&QUERY)));
        Ok(Self {
            host,
            client: client()?,
            config,
            url,
            clock,
        })
    }

    /// A group sends messages of its own type only.
    fn sms_account(&self, message: &SmsMessage) -> &str {
        let own = match &message.content {
            SmsContent::NumberNotice => self.config.notice_sms_account.as_ref(),
            SmsContent::Code(_) => None,
        };
        own.unwrap_or(&self.config.sms_account)
    }

    fn request(&self, message: &SmsMessage, template: &Template) -> Option<Request> {
        let config = &self.config;
        let body = Body {
            sms_account: self.sms_account(message),
            sign: template.sign.as_ref().unwrap_or(&config.sign),
            template_id: &template.id,
            template_param: template.named_values(message),
            phone_numbers: national_or_e164(&message.phone),
            tag: message.id.to_string(),
        };
        let body = serde_json::to_vec(&body).ok()?;
        let now = self.clock.now();
        let (date, hash) = (basic_date(now), hex_sha256(&body));
        let parts = SignedParts {
            method: "POST",
            canonical_uri: "/",
            query: &QUERY,
            headers: &[
                ("content-type", JSON),
                ("host", &self.host),
                ("x-content-sha256", &hash),
                ("x-date", &date),
            ],
            payload: &hash,
        };
        let (id, secret) = (&config.access_key_id, &config.secret_access_key);
        let signature = sign(&parts, now, &config.region, id, secret);
        Some(Request {
            method: Method::POST,
            url: self.url.clone(),
            headers: vec![
                ("host", self.host.clone()),
                ("content-type", JSON.to_owned()),
                ("x-date", date),
                ("x-content-sha256", hash),
                ("authorization", signature.authorization),
            ],
            body: Some(body),
        })
    }
}

#[async_trait]
impl SmsVendor for Volcengine {
    fn name(&self) -> &'static str {
        "volcengine"
    }

    fn serves(&self, message: &SmsMessage) -> Serves {
        Serves::with(self.config.templates.of(message))
    }

    async fn attempt(&self, message: &SmsMessage, deadline: Instant) -> Attempt {
        let template = self.config.templates.of(message);
        // Texts always make JSON.
        let request = template.and_then(|template| self.request(message, template));
        let Some(request) = request else {
            return Outcome::Config(Scope::Message).into();
        };
        match send(&self.client, request, deadline).await {
            Ok(answer) => read(&answer),
            Err(outcome) => outcome.into(),
        }
    }
}

/// Mainland numbers as 11 digits, all others with `+` and country code.
fn national_or_e164(phone: &PhoneNumber) -> &str {
    let e164 = phone.as_e164();
    match RegionClass::of(phone) {
        RegionClass::Mainland => e164.strip_prefix("+86").unwrap_or(e164),
        RegionClass::Overseas => e164,
    }
}

/// An answer of the service or of its gateway.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    response_metadata: Metadata,
    result: Option<SendResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    request_id: Option<String>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    code: String,
}

#[derive(Deserialize)]
struct SendResult {
    #[serde(rename = "MessageID", default)]
    message_id: Vec<String>,
}

/// The verdict is whether there is an `Error`, whatever the status.
pub(crate) fn read(answer: &Answer) -> Attempt {
    let Ok(reply) = serde_json::from_slice::<Reply>(answer.body()) else {
        return unreadable(answer.status()).into();
    };
    let request_id = reply.response_metadata.request_id.as_deref().and_then(word);
    let (outcome, vendor_code) = match (reply.response_metadata.error, &reply.result) {
        (Some(refusal), _) => (
            errors::outcome(answer.status(), &refusal.code),
            word(&refusal.code),
        ),
        (None, Some(_)) if answer.is_success() => (Outcome::Accepted, None),
        // Neither taken nor refused in so many words.
        (None, _) => (unreadable(answer.status()), None),
    };
    let ids = reply.result.map(|result| result.message_id);
    Attempt {
        outcome,
        vendor_code,
        request_id,
        message_id: ids.and_then(|ids| word(ids.first()?)),
        cost_units: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_the_vendors_form() {
        for (raw, form) in [
            ("+8613800138000", "13800138000"),
            ("+85251234567", "+85251234567"),
        ] {
            let phone = PhoneNumber::parse(raw).unwrap();
            assert_eq!(national_or_e164(&phone), form);
        }
    }
}
