//! Huawei Cloud Message & SMS (MSGSMS).

use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sms_sender::{SmsContent, SmsMessage};
use menshen_outbound::{Answer, Client, Method, Request, Url, base_url};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::canonical::{SignedParts, basic_date, hex_sha256, host_header};
use crate::outcome::{Outcome, Scope};
use crate::template::{RegionClass, Template};
use crate::templates::Templates;
use crate::transport::{client, send, unreadable, word};
use crate::vendor::{Attempt, Serves, SmsVendor, VendorConfigError, random_hex};

mod entry;
mod errors;
mod receipts;
pub mod sdk_hmac;
pub mod wsse;

pub use entry::VENDOR;
pub use receipts::{HuaweiPushKey, HuaweiReceipts};

/// Of the two calls the one with a JSON body: its signature covers the number
/// and the code, while a form travels as `UNSIGNED-PAYLOAD`.
const PATH: &str = "/sms/batchSendDiffSms/v1";
const JSON: &str = "application/json";
/// What the vendor answers for success, of the request and of each number.
const SUCCESS: &str = "000000";
/// Some numbers were refused: each tells in its own status.
const SEE_STATUS: &str = "E000510";

/// How requests prove who sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HuaweiAuth {
    /// A signature over the whole request, `SDK-HMAC-SHA256`; the vendor's
    /// recommendation.
    #[default]
    SdkHmac,
    /// A digest of the secret, `X-WSSE`, which covers neither address nor body.
    Wsse,
}

/// What the vendor needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct HuaweiConfig {
    /// The address of the application, such as
    /// `https://smsapi.cn-north-4.myhuaweicloud.com`.
    pub endpoint: String,
    /// The key of the application; not that of an account.
    pub app_key: String,
    /// Its secret.
    pub app_secret: SecretString,
    /// The number of the channel that the sign is bound to.
    pub sender: String,
    /// The number of the channel for other countries, if it is another one.
    pub overseas_sender: Option<String>,
    /// The number of the mainland's channel for notices, if it is another one.
    pub notice_sender: Option<String>,
    /// The text of the sign, of templates that name none; general templates
    /// need one.
    pub signature: Option<String>,
    /// The templates, 32 hexadecimal digits.
    pub templates: Templates,
    /// How requests prove who sends them.
    pub auth: HuaweiAuth,
    /// Where receipts are posted to, an address that holds a secret; without it where the application says.
    pub status_callback: Option<SecretString>,
}

/// Huawei Cloud SMS.
pub struct Huawei {
    config: HuaweiConfig,
    url: Url,
    host: String,
    client: Client,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

/// The body of `batchSendDiffSms`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    from: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_callback: Option<&'a str>,
    sms_content: [Content<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    to: [&'a str; 1],
    template_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    template_paras: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
}

impl Huawei {
    /// A sender for one application.
    ///
    /// # Errors
    ///
    /// See [`VendorConfigError`].
    pub fn new(
        config: HuaweiConfig,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, VendorConfigError> {
        let mut url = base_url(&config.endpoint)?;
        url.set_path(&format!("{}{PATH}", url.path().trim_end_matches('/')));
        Ok(Self {
            host: host_header(&url),
            client: client()?,
            config,
            url,
            clock,
            randomness,
        })
    }

    fn sender(&self, message: &SmsMessage) -> &str {
        let config = &self.config;
        let own = match (RegionClass::of(&message.phone), &message.content) {
            (RegionClass::Overseas, _) => config.overseas_sender.as_ref(),
            (RegionClass::Mainland, SmsContent::NumberNotice) => config.notice_sender.as_ref(),
            (RegionClass::Mainland, SmsContent::Code(_)) => None,
        };
        own.unwrap_or(&config.sender)
    }

    fn request(&self, message: &SmsMessage, template: &Template) -> Option<Request> {
        let config = &self.config;
        let body = Body {
            from: self.sender(message),
            status_callback: config
                .status_callback
                .as_ref()
                .map(ExposeSecret::expose_secret),
            sms_content: [Content {
                to: [message.phone.as_e164()],
                template_id: &template.id,
                template_paras: template.values(message),
                signature: template
                    .sign
                    .as_ref()
                    .or(config.signature.as_ref())
                    .map(String::as_str),
            }],
        };
        let body = serde_json::to_vec(&body).ok()?;
        let mut headers = vec![
            ("host", self.host.clone()),
            ("content-type", JSON.to_owned()),
        ];
        headers.extend(match config.auth {
            HuaweiAuth::SdkHmac => self.signed(&body),
            HuaweiAuth::Wsse => self.token(),
        });
        Some(Request {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: Some(body),
        })
    }

    fn signed(&self, body: &[u8]) -> [(&'static str, String); 2] {
        let date = basic_date(self.clock.now());
        let parts = SignedParts {
            method: "POST",
            canonical_uri: self.url.path(),
            query: &[],
            headers: &[
                ("content-type", JSON),
                ("host", &self.host),
                ("x-sdk-date", &date),
            ],
            payload: &hex_sha256(body),
        };
        let config = &self.config;
        let signature = sdk_hmac::sign(&parts, &date, &config.app_key, &config.app_secret);
        [
            ("x-sdk-date", date),
            ("authorization", signature.authorization),
        ]
    }

    fn token(&self) -> [(&'static str, String); 2] {
        let config = &self.config;
        let nonce = random_hex(&*self.randomness);
        let now = self.clock.now();
        let token = wsse::token(&config.app_key, &config.app_secret, &nonce, now);
        [
            ("authorization", wsse::AUTHORIZATION.to_owned()),
            ("x-wsse", token),
        ]
    }
}

#[async_trait]
impl SmsVendor for Huawei {
    fn name(&self) -> &'static str {
        "huawei"
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

/// An answer of the service or of its gateway.
#[derive(Deserialize)]
struct Reply {
    code: String,
    #[serde(default)]
    result: Vec<SendStatus>,
}

/// What became of one number.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendStatus {
    status: String,
    sms_msg_id: Option<String>,
    total: Option<u32>,
}

/// There is one code for the request and one status for each number; only both
/// together mean that the message was taken.
pub(crate) fn read(answer: &Answer) -> Attempt {
    let Ok(reply) = serde_json::from_slice::<Reply>(answer.body()) else {
        return unreadable(answer.status()).into();
    };
    let number = reply.result.into_iter().next();
    let (outcome, code) = match (reply.code.as_str(), &number) {
        (SUCCESS | SEE_STATUS, Some(number)) if number.status == SUCCESS => {
            (Outcome::Accepted, number.status.clone())
        }
        (SUCCESS | SEE_STATUS, Some(number)) => {
            let outcome = errors::outcome(answer.status(), &number.status);
            (outcome, number.status.clone())
        }
        // A success of nothing, which no document tells of.
        (SUCCESS | SEE_STATUS, None) => (Outcome::Unknown, reply.code),
        (code, _) => (errors::outcome(answer.status(), code), reply.code),
    };
    Attempt {
        outcome,
        vendor_code: word(&code),
        request_id: None,
        message_id: number
            .as_ref()
            .and_then(|number| word(number.sms_msg_id.as_deref()?)),
        cost_units: number.and_then(|number| number.total),
    }
}
