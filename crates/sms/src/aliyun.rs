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

use crate::acs3::{SignedParts, canonical_query, date, hex_sha256, sign};
use crate::aliyun_errors;
use crate::outcome::{Outcome, Scope};
use crate::transport::{client, send, word};
use crate::vendor::{Attempt, SmsVendor, VendorConfigError, random_hex};

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
    /// The approved sign, without brackets.
    pub sign_name: String,
    /// The template, `SMS_` and digits, with one variable `code`.
    pub template_code: String,
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
    /// A sender for one sign and one template.
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
    fn request(&self, message: &SmsMessage) -> Request {
        let phone = national_or_international(&message.phone);
        let param = serde_json::json!({ "code": message.code.expose() }).to_string();
        let send_id = message.id.to_string();
        let query = [
            ("PhoneNumbers", phone),
            ("SignName", self.config.sign_name.as_str()),
            ("TemplateCode", self.config.template_code.as_str()),
            ("TemplateParam", param.as_str()),
            // Comes back in the receipt as `out_id`.
            ("OutId", send_id.as_str()),
        ];
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
            body: b"",
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

    async fn attempt(&self, message: &SmsMessage, deadline: Instant) -> Attempt {
        match send(&self.client, self.request(message), deadline).await {
            Ok(answer) => read(&answer),
            Err(outcome) => outcome.into(),
        }
    }
}

/// The `Host` header exactly as it is sent: the port only where it is not the
/// scheme's own.
fn host_header(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Mainland numbers as 11 digits, all others as country code and number; neither
/// with a `+`.
fn national_or_international(phone: &PhoneNumber) -> &str {
    let prefix = if phone.region() == Region::CN {
        "+86"
    } else {
        "+"
    };
    let e164 = phone.as_e164();
    e164.strip_prefix(prefix).unwrap_or(e164)
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
fn read(answer: &Answer) -> Attempt {
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
        aliyun_errors::outcome(answer.status(), &reply.code, &reply.message, wait)
    };
    Attempt {
        outcome,
        vendor_code,
        request_id: reply.request_id.as_deref().and_then(word),
        message_id: reply.biz_id.as_deref().and_then(word),
        cost_units: None,
    }
}

/// An answer that is not the vendor's JSON. Of a 2xx nobody knows whether the
/// message was taken.
fn unreadable(status: u16) -> Outcome {
    match status {
        200..300 => Outcome::Unknown,
        429 => Outcome::VendorBusy { wait: None },
        500.. => Outcome::VendorFault,
        _ => Outcome::Config(Scope::Account),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_the_vendors_form() {
        for (raw, form) in [
            ("+8613800138000", "13800138000"),
            ("+85251234567", "85251234567"),
            ("+12025550123", "12025550123"),
        ] {
            let phone = PhoneNumber::parse(raw).unwrap();
            assert_eq!(national_or_international(&phone), form);
        }
    }

    #[test]
    fn the_host_carries_a_port_only_where_it_is_sent() {
        for (url, host) in [
            ("https://dysmsapi.aliyuncs.com", "dysmsapi.aliyuncs.com"),
            (
                "https://dysmsapi.aliyuncs.com:443/",
                "dysmsapi.aliyuncs.com",
            ),
            ("http://127.0.0.1:18080/sms/aliyun", "127.0.0.1:18080"),
            ("http://[::1]:80/", "[::1]"),
        ] {
            assert_eq!(host_header(&Url::parse(url).unwrap()), host);
        }
    }

    #[test]
    fn html_is_read_by_its_status() {
        assert_eq!(unreadable(200), Outcome::Unknown);
        assert_eq!(unreadable(502), Outcome::VendorFault);
        assert_eq!(unreadable(302), Outcome::Config(Scope::Account));
        assert_eq!(unreadable(429), Outcome::VendorBusy { wait: None });
    }
}
