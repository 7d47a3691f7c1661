//! Tencent Cloud Captcha, captcha 2019-07-22.
//!
//! Source: Tencent Cloud, `DescribeCaptchaResult` (documents 1110/36926) for pages
//! and apps, `DescribeCaptchaMiniResult` (1110/48499) for the mini-program plugin,
//! whose tickets have no random string.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::model::captcha::SolvedCaptcha;
use menshen_domain::ports::clock::Clock;
use menshen_outbound::{Answer, Method, Request};
use menshen_signing::canonical::{SignedParts, hex_sha256, host_header};
use menshen_signing::tc3::sign;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::outcome::{Outcome, word};
use crate::service::{CaptchaConfigError, CaptchaService, Way};

const SERVICE: &str = "captcha";
const VERSION: &str = "2019-07-22";
const JSON: &str = "application/json";
/// The only type that there is.
const CAPTCHA_TYPE: u8 = 9;

/// A captcha of the console: its id, and the key that belongs to it.
#[derive(Debug, Clone)]
pub struct TencentCaptchaApp {
    /// `CaptchaAppId`.
    pub id: u64,
    /// `AppSecretKey`.
    pub secret_key: SecretString,
}

/// What the service needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct TencentCaptchaConfig {
    /// The base address, such as `https://captcha.tencentcloudapi.com`.
    pub endpoint: String,
    /// The id of an API key.
    pub secret_id: String,
    /// Its secret.
    pub secret_key: SecretString,
    /// The captcha of pages and apps.
    pub app: TencentCaptchaApp,
    /// The captcha of the mini-program plugin, where it is another one.
    pub mini_program: Option<TencentCaptchaApp>,
}

/// Tencent Cloud Captcha.
pub struct TencentCaptcha {
    config: TencentCaptchaConfig,
    way: Way,
    host: String,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    captcha_type: u8,
    ticket: &'a str,
    user_ip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    randstr: Option<&'a str>,
    captcha_app_id: u64,
    app_secret_key: &'a str,
}

impl TencentCaptcha {
    /// Asks about captchas of these applications.
    ///
    /// # Errors
    ///
    /// See [`CaptchaConfigError`].
    pub fn new(
        config: TencentCaptchaConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, CaptchaConfigError> {
        let way = Way::to(&config.endpoint)?;
        Ok(Self {
            host: host_header(&way.url),
            way,
            config,
            clock,
        })
    }

    fn request(&self, solved: &SolvedCaptcha) -> Option<Request> {
        let config = &self.config;
        let (ticket, randstr) = parts(solved.token.expose());
        let (action, app) = match randstr {
            Some(_) => ("DescribeCaptchaResult", &config.app),
            None => (
                "DescribeCaptchaMiniResult",
                config.mini_program.as_ref().unwrap_or(&config.app),
            ),
        };
        let body = Body {
            captcha_type: CAPTCHA_TYPE,
            ticket,
            user_ip: IpAddr::to_canonical(&solved.address).to_string(),
            randstr,
            captcha_app_id: app.id,
            app_secret_key: app.secret_key.expose_secret(),
        };
        // Texts and numbers always make JSON.
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
            url: self.way.url.clone(),
            headers: vec![
                ("host", self.host.clone()),
                ("content-type", JSON.to_owned()),
                ("x-tc-action", action.to_owned()),
                ("x-tc-version", VERSION.to_owned()),
                ("x-tc-timestamp", now.timestamp().to_string()),
                ("authorization", signature.authorization),
            ],
            body: Some(body),
        })
    }
}

/// `ticket;randstr` of a page or an app; a ticket alone is of the plugin.
fn parts(token: &str) -> (&str, Option<&str>) {
    match token.rsplit_once(';') {
        Some((ticket, randstr)) => (ticket, Some(randstr)),
        None => (token, None),
    }
}

#[async_trait]
impl CaptchaService for TencentCaptcha {
    fn name(&self) -> &'static str {
        "tencent"
    }

    fn is_of_its_form(&self, solved: &SolvedCaptcha) -> bool {
        let (ticket, randstr) = parts(solved.token.expose());
        !ticket.is_empty() && randstr != Some("")
    }

    async fn ask(&self, solved: &SolvedCaptcha, deadline: Instant) -> Outcome {
        let Some(request) = self.request(solved) else {
            return Outcome::Refused(None);
        };
        match self.way.send(request, deadline).await {
            Ok(answer) => read(&answer),
            Err(outcome) => outcome,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    error: Option<Refusal>,
    captcha_code: Option<i64>,
    evil_level: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    code: String,
}

fn read(answer: &Answer) -> Outcome {
    let status = answer.status();
    let Ok(Reply { response }) = serde_json::from_slice(answer.body()) else {
        return Outcome::Unreadable { status };
    };
    match (response.error, response.captcha_code) {
        (Some(Refusal { code }), _) => of_gateway(&code),
        // A solved captcha of somebody who behaves like a machine.
        (None, Some(1)) if response.evil_level.is_some_and(|level| level >= 100) => {
            Outcome::Refused(Some("evil".to_owned()))
        }
        (None, Some(1)) if answer.is_success() => Outcome::Passed,
        (None, Some(code)) => of_product(code, status),
        (None, None) => Outcome::Unreadable { status },
    }
}

/// An error code of API 3.0. Values that the service does not take are those of the
/// token.
fn of_gateway(code: &str) -> Outcome {
    let family = code.split('.').next().unwrap_or_default();
    match family {
        "AuthFailure"
        | "UnauthorizedOperation"
        | "InvalidAction"
        | "NoSuchVersion"
        | "UnsupportedRegion"
        | "ResourceNotFound" => Outcome::Misconfigured(word(code)),
        "InvalidParameter" | "InvalidParameterValue" | "MissingParameter" => {
            Outcome::Refused(word(code))
        }
        _ => Outcome::Failed(word(code)),
    }
}

/// `CaptchaCode`. Tickets of another captcha (16, 100) can be handed in by anybody.
fn of_product(code: i64, status: u16) -> Outcome {
    let said = Some(code.to_string());
    match code {
        2..=25 | 100 => Outcome::Refused(said),
        26 => Outcome::Failed(said),
        31 => Outcome::Misconfigured(said),
        _ => Outcome::Unreadable { status },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_comes_with_its_random_string_or_alone() {
        assert_eq!(parts("t03abc*;@Q7G"), ("t03abc*", Some("@Q7G")));
        assert_eq!(parts("t03abc*"), ("t03abc*", None));
        assert_eq!(parts("a;b;c"), ("a;b", Some("c")));
        assert_eq!(parts(";"), ("", Some("")));
    }

    #[test]
    fn a_code_has_its_class() {
        for code in [7, 8, 9, 10, 15, 16, 21, 25, 100] {
            assert!(
                matches!(of_product(code, 200), Outcome::Refused(_)),
                "{code}"
            );
        }
        assert!(matches!(of_product(26, 200), Outcome::Failed(_)));
        assert!(matches!(of_product(31, 200), Outcome::Misconfigured(_)));
        for code in [0, 1, -1, 99, 101] {
            assert!(
                matches!(of_product(code, 200), Outcome::Unreadable { .. }),
                "{code}"
            );
        }
        for code in [
            "AuthFailure.SignatureFailure",
            "UnauthorizedOperation.ErrAuth",
            "InvalidAction",
        ] {
            assert!(
                matches!(of_gateway(code), Outcome::Misconfigured(_)),
                "{code}"
            );
        }
        for code in ["InternalError", "RequestLimitExceeded", "New.Code", ""] {
            assert!(matches!(of_gateway(code), Outcome::Failed(_)), "{code}");
        }
        let code = "InvalidParameterValue.Ticket";
        assert!(matches!(of_gateway(code), Outcome::Refused(_)));
    }
}
