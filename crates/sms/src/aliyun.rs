//! Alibaba Cloud SMS, Dysmsapi 2017-05-25.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::region::Region;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sms_sender::SmsMessage;
use menshen_outbound::{Answer, Client, Method, Request, Url, base_url};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::Instant;

use crate::aliyun::acs3::{date, sign};
use crate::canonical::{SignedParts, canonical_query, hex_sha256, host_header};
use crate::outcome::{Outcome, Scope};
use crate::template::Template;
use crate::templates::Templates;
use crate::transport::{client, send, unreadable, word};
use crate::vendor::{Attempt, Serves, SmsVendor, VendorConfigError, random_hex};

mod entry;
mod errors;
mod receipts;

pub use entry::VENDOR;
pub use menshen_signing::acs3;
pub use receipts::AliyunReceipts;

const ACTION: &str = "SendSms";
const VERSION: &str = "2017-05-25";

/// What the vendor needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct AliyunConfig {
    /// The base address, such as `https://dysmsapi.aliyuncs.com`. Requests go
    /// to its path, but what is signed is always `/`.
    pub endpoint: String,
    /// The id of an access key with the permission `dysms:SendSms`.
    pub access_key_id: String,
    /// Its secret.
    pub access_key_secret: SecretString,
    /// The approved sign of templates that name none, without brackets.
    pub sign_name: String,
    /// The templates, `SMS_` and digits; templates for codes take one variable.
    pub templates: Templates,
}

/// Alibaba Cloud SMS.
pub struct Aliyun {
    config: AliyunConfig,
    url: Url,
    host: String,
    client: Client,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl Aliyun {
    /// A sender for one account.
    ///
    /// # Errors
    ///
    /// See [`VendorConfigError`].
    pub fn new(
        config: AliyunConfig,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, VendorConfigError> {
        let url = base_url(&config.endpoint)?;
        Ok(Self {
            host: host_header(&url),
            client: client()?,
            config,
            url,
            clock,
            randomness,
        })
    }

    /// The request of one attempt: date and nonce are new in each.
    fn request(&self, message: &SmsMessage, phone: &str, template: &Template) -> Request {
        let (param, send_id) = (template.named_values(message), message.id.to_string());
        let sign_name = template.sign.as_ref().unwrap_or(&self.config.sign_name);
        let mut query = vec![
            ("PhoneNumbers", phone),
            ("SignName", sign_name.as_str()),
            ("TemplateCode", template.id.as_str()),
            // Comes back in the receipt as `out_id`.
            ("OutId", send_id.as_str()),
        ];
        query.extend(param.iter().map(|param| ("TemplateParam", param.as_str())));
        let mut headers = vec![
            ("host", self.host.clone()),
            ("x-acs-action", ACTION.to_owned()),
            ("x-acs-version", VERSION.to_owned()),
            ("x-acs-date", date(self.clock.now())),
            ("x-acs-signature-nonce", random_hex(&*self.randomness)),
            ("x-acs-content-sha256", hex_sha256(b"")),
        ];
        let signed: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let parts = SignedParts {
            method: "POST",
            canonical_uri: "/",
            query: &query,
            headers: &signed,
            payload: &hex_sha256(b""),
        };
        let config = &self.config;
        let signature = sign(&parts, &config.access_key_id, &config.access_key_secret);
        headers.push(("authorization", signature.authorization));
        let mut url = self.url.clone();
        url.set_query(Some(&canonical_query(&query)));
        Request {
            method: Method::POST,
            url,
            headers,
            body: Some(Vec::new()),
        }
    }
}

#[async_trait]
impl SmsVendor for Aliyun {
    fn name(&self) -> &'static str {
        "aliyun"
    }

    fn serves(&self, message: &SmsMessage) -> Serves {
        if national_or_international(&message.phone).is_none() {
            return Serves::Never;
        }
        Serves::with(self.config.templates.of(message))
    }

    async fn attempt(&self, message: &SmsMessage, deadline: Instant) -> Attempt {
        let phone = national_or_international(&message.phone);
        let template = self.config.templates.of(message);
        let Some((phone, template)) = phone.zip(template) else {
            return Outcome::Config(Scope::Message).into();
        };
        let request = self.request(message, phone, template);
        match send(&self.client, request, deadline).await {
            Ok(answer) => read(&answer),
            Err(outcome) => outcome.into(),
        }
    }
}

/// Mainland numbers as 11 digits, all others as country code and number; neither
/// with a `+`. None for numbers of the country code 1: without its `+`,
/// +1 305 555 0123 is the mainland number of somebody else.
fn national_or_international(phone: &PhoneNumber) -> Option<&str> {
    let e164 = phone.as_e164();
    if phone.region() == Region::CN {
        return e164.strip_prefix("+86");
    }
    e164.strip_prefix('+')
        .filter(|digits| !digits.starts_with('1'))
}

/// An answer of the service or of its gateway.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    code: String,
    #[serde(default)]
    message: String,
    biz_id: Option<String>,
    request_id: Option<String>,
}

/// The verdict is in the body, whatever the status: refusals come with 200 too.
pub(crate) fn read(answer: &Answer) -> Attempt {
    let Ok(reply) = serde_json::from_slice::<Reply>(answer.body()) else {
        return unreadable(answer.status()).into();
    };
    let vendor_code = word(&reply.code);
    let outcome = if reply.code == "OK" {
        Outcome::Accepted
    } else {
        // The gateway's hint is in milliseconds.
        let wait = answer
            .header("x-acs-retry-after")
            .and_then(|text| text.parse().ok());
        let wait = wait.map(Duration::from_millis);
        errors::outcome(answer.status(), &reply.code, &reply.message, wait)
    };
    Attempt {
        outcome,
        vendor_code,
        request_id: reply.request_id.as_deref().and_then(word),
        message_id: reply.biz_id.as_deref().and_then(word),
        cost_units: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_the_vendors_form() {
        for (raw, form) in [
            ("+8613800138000", Some("13800138000")),
            ("+85251234567", Some("85251234567")),
            // Would be read as somebody's mainland number, or nearly.
            ("+13055550123", None),
            ("+12025550123", None),
        ] {
            let phone = PhoneNumber::parse(raw).unwrap();
            assert_eq!(national_or_international(&phone), form);
        }
    }
}
