//! Tencent Cloud SMS, sms 2021-01-11.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::sms_sender::SmsMessage;
use menshen_outbound::{Answer, Client, Method, Request, Url, base_url};
use menshen_signing::tc3::sign;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::canonical::{SignedParts, hex_sha256, host_header};
use crate::outcome::{Outcome, Scope};
use crate::template::{RegionClass, Template};
use crate::templates::Templates;
use crate::transport::{client, send, unreadable, word};
use crate::vendor::{Attempt, Serves, SmsVendor, VendorConfigError};

mod entry;
mod errors;
mod receipts;

pub use entry::VENDOR;
pub use receipts::TencentReceipts;

const SERVICE: &str = "sms";
const ACTION: &str = "SendSms";
const VERSION: &str = "2021-01-11";
/// Signed, and so sent, without a character set.
const JSON: &str = "application/json";

/// What the vendor needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct TencentConfig {
    /// The base address, such as `https://sms.tencentcloudapi.com`. Requests go
    /// to its path, but what is signed is always `/`.
    pub endpoint: String,
    /// The id of an API key with the permission `sms:SendSms`.
    pub secret_id: String,
    /// Its secret.
    pub secret_key: SecretString,
    /// The id of the SMS application, such as `1400000001`.
    pub sdk_app_id: String,
    /// The text of the approved sign, of mainland messages whose template names
    /// none.
    pub sign_name: String,
    /// The templates, digits.
    pub templates: Templates,
    /// The region, such as `ap-guangzhou`.
    pub region: String,
}

/// Tencent Cloud SMS.
pub struct Tencent {
    config: TencentConfig,
    url: Url,
    host: String,
    client: Client,
    clock: Arc<dyn Clock>,
}

/// The body of `SendSms`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    phone_number_set: [&'a str; 1],
    sms_sdk_app_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_name: Option<&'a str>,
    template_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    template_param_set: Vec<String>,
    session_context: String,
}

impl Tencent {
    /// A sender for one application.
    ///
    /// # Errors
    ///
    /// See [`VendorConfigError`].
    pub fn new(config: TencentConfig, clock: Arc<dyn Clock>) -> Result<Self, VendorConfigError> {
        let url = base_url(&config.endpoint)?;
        Ok(Self {
            host: host_header(&url),
            client: client()?,
            config,
            url,
            clock,
        })
    }

    /// Overseas no sign is asked for, and the mainland's is not approved there.
    fn sign<'a>(&'a self, message: &SmsMessage, template: &'a Template) -> Option<&'a str> {
        let usual = RegionClass::of(&message.phone) == RegionClass::Mainland;
        let usual = usual.then_some(self.config.sign_name.as_str());
        template.sign.as_deref().or(usual)
    }

    /// The request of one attempt. There is no nonce: within five minutes the
    /// same bytes would be taken again.
    fn request(&self, message: &SmsMessage, template: &Template) -> Option<Request> {
        let config = &self.config;
        let body = Body {
            phone_number_set: [message.phone.as_e164()],
            sms_sdk_app_id: &config.sdk_app_id,
            sign_name: self.sign(message, template),
            template_id: &template.id,
            template_param_set: template.values(message),
            session_context: message.id.to_string(),
        };
        let body = serde_json::to_vec(&body).ok()?;
        let now = self.clock.now();
        let parts = SignedParts {
            method: "POST",
            canonical_uri: "/",
            query: &[],
            headers: &[("content-type", JSON), ("host", &self.host)],
            payload: &hex_sha256(&body),
        };
        let signature = sign(&parts, SERVICE, now, &config.secret_id, &config.secret_key);
        Some(Request {
            method: Method::POST,
            url: self.url.clone(),
            headers: vec![
                ("host", self.host.clone()),
                ("content-type", JSON.to_owned()),
                ("x-tc-action", ACTION.to_owned()),
                ("x-tc-version", VERSION.to_owned()),
                ("x-tc-timestamp", now.timestamp().to_string()),
                ("x-tc-region", config.region.clone()),
                ("authorization", signature.authorization),
            ],
            body: Some(body),
        })
    }
}

#[async_trait]
impl SmsVendor for Tencent {
    fn name(&self) -> &'static str {
        "tencent"
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
            Ok(answer) => read(&answer, self.clock.now()),
            Err(outcome) => outcome.into(),
        }
    }
}

/// An answer of the service or of its gateway.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    error: Option<Refusal>,
    #[serde(default)]
    send_status_set: Vec<SendStatus>,
    request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    code: String,
}

/// What became of one number.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendStatus {
    code: String,
    serial_no: Option<String>,
    fee: Option<u32>,
}

/// The verdict is in the body, whatever the status, and on one of two levels: an
/// `Error` means that no number was tried.
pub(crate) fn read(answer: &Answer, now: DateTime<Utc>) -> Attempt {
    let Ok(Reply { response }) = serde_json::from_slice(answer.body()) else {
        return unreadable(answer.status()).into();
    };
    let request_id = response.request_id.as_deref().and_then(word);
    let status = response.send_status_set.into_iter().next();
    let (outcome, code) = match (response.error, &status) {
        (Some(Refusal { code }), _) => (errors::outcome(&code, now), code),
        (None, Some(status)) if status.code == "Ok" => (Outcome::Accepted, status.code.clone()),
        (None, Some(status)) => (errors::outcome(&status.code, now), status.code.clone()),
        (None, None) => return unreadable(answer.status()).into(),
    };
    Attempt {
        outcome,
        vendor_code: word(&code),
        request_id,
        message_id: status
            .as_ref()
            .and_then(|status| word(status.serial_no.as_deref()?)),
        cost_units: status.and_then(|status| status.fee),
    }
}
