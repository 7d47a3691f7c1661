//! Alibaba Cloud Captcha 2.0, captcha 2023-03-05.
//!
//! Source: Alibaba Cloud, `VerifyIntelligentCaptcha` ("Server-side integration" of
//! Captcha 2.0), and its own clients, which put the parameters into a form.

use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::model::captcha::SolvedCaptcha;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_outbound::{Answer, Method, Request, encode};
use menshen_signing::acs3::{date, sign};
use menshen_signing::canonical::{SignedParts, hex_sha256, host_header};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::Instant;

use crate::outcome::{Outcome, word};
use crate::service::{CaptchaConfigError, CaptchaService, Way, random_hex};

const ACTION: &str = "VerifyIntelligentCaptcha";
const VERSION: &str = "2023-03-05";
const FORM: &str = "application/x-www-form-urlencoded";

/// What the service needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct AliyunCaptchaConfig {
    /// The base address, such as `https://captcha.cn-shanghai.aliyuncs.com`.
    pub endpoint: String,
    /// The id of an access key with the permission `AliyunYundunAFSFullAccess`.
    pub access_key_id: String,
    /// Its secret.
    pub access_key_secret: SecretString,
    /// The scene, as the page names it.
    pub scene_id: String,
}

/// Alibaba Cloud Captcha 2.0.
pub struct AliyunCaptcha {
    config: AliyunCaptchaConfig,
    way: Way,
    host: String,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl AliyunCaptcha {
    /// Asks about captchas of this scene.
    ///
    /// # Errors
    ///
    /// See [`CaptchaConfigError`].
    pub fn new(
        config: AliyunCaptchaConfig,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, CaptchaConfigError> {
        let way = Way::to(&config.endpoint)?;
        Ok(Self {
            host: host_header(&way.url),
            way,
            config,
            clock,
            randomness,
        })
    }

    /// The parameter goes on as it came: any change of it is a refusal. There is no
    /// place for the person's address, which the service saw itself.
    fn request(&self, solved: &SolvedCaptcha) -> Request {
        let config = &self.config;
        let (param, scene) = (encode(solved.token.expose()), encode(&config.scene_id));
        let body = format!("CaptchaVerifyParam={param}&SceneId={scene}").into_bytes();
        let payload = hex_sha256(&body);
        let mut headers = vec![
            ("content-type", FORM.to_owned()),
            ("host", self.host.clone()),
            ("x-acs-action", ACTION.to_owned()),
            ("x-acs-version", VERSION.to_owned()),
            ("x-acs-date", date(self.clock.now())),
            ("x-acs-signature-nonce", random_hex(&*self.randomness)),
            ("x-acs-content-sha256", payload.clone()),
        ];
        let signed: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let parts = SignedParts {
            method: "POST",
            canonical_uri: "/",
            query: &[],
            headers: &signed,
            payload: &payload,
        };
        let signature = sign(&parts, &config.access_key_id, &config.access_key_secret);
        headers.push(("authorization", signature.authorization));
        Request {
            method: Method::POST,
            url: self.way.url.clone(),
            headers,
            body: Some(body),
        }
    }
}

#[async_trait]
impl CaptchaService for AliyunCaptcha {
    fn name(&self) -> &'static str {
        "aliyun"
    }

    fn is_of_its_form(&self, _: &SolvedCaptcha) -> bool {
        true
    }

    async fn ask(&self, solved: &SolvedCaptcha, deadline: Instant) -> Outcome {
        match self.way.send(self.request(solved), deadline).await {
            Ok(answer) => read(&answer),
            Err(outcome) => outcome,
        }
    }
}

/// An answer of the service or of its gateway.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    code: Option<String>,
    result: Option<Verified>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Verified {
    verify_result: Option<bool>,
    verify_code: Option<String>,
}

fn read(answer: &Answer) -> Outcome {
    let status = answer.status();
    let Ok(reply) = serde_json::from_slice::<Reply>(answer.body()) else {
        return Outcome::Unreadable { status };
    };
    if let (true, Some(result)) = (answer.is_success(), reply.result) {
        let said = result.verify_code.as_deref().and_then(word);
        match result.verify_result {
            Some(true) => {
                warn_of_test_mode(said.as_deref());
                return Outcome::Passed;
            }
            Some(false) => return Outcome::Refused(said),
            None => {}
        }
    }
    match reply.code {
        Some(code) => of_gateway(&code, status),
        None => Outcome::Unreadable { status },
    }
}

/// `T005`: the console lets everybody through.
fn warn_of_test_mode(said: Option<&str>) {
    if said == Some("T005") {
        tracing::warn!("the scene of the captcha is in test mode and lets everybody through");
    }
}

/// A code of the gateway, or of the service where it told no result. Values that it
/// does not take are those of the token.
fn of_gateway(code: &str, status: u16) -> Outcome {
    let begins = |with: &[&str]| with.iter().any(|start| code.starts_with(start));
    let said = word(code);
    if begins(&[
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "InvalidAccessKey",
        "InvalidTimeStamp",
        "Forbidden",
        "NoPermission",
        "InvalidAction",
        "InvalidVersion",
        "InvalidApi",
    ]) {
        Outcome::Misconfigured(said)
    } else if begins(&[
        "InvalidParameter",
        "MissingParameter",
        "MissingCaptchaVerifyParam",
    ]) {
        Outcome::Refused(said)
    } else if code == "Success" {
        // Without a result.
        Outcome::Unreadable { status }
    } else {
        Outcome::Failed(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_class() {
        for code in [
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId.NotFound",
            "Forbidden.RAMUserAccessDenied",
            "InvalidTimeStamp.Expired",
        ] {
            let outcome = of_gateway(code, 400);
            assert!(matches!(outcome, Outcome::Misconfigured(_)), "{code}");
        }
        for code in ["Throttling.User", "ServiceUnavailable", "InternalError", ""] {
            assert!(
                matches!(of_gateway(code, 503), Outcome::Failed(_)),
                "{code}"
            );
        }
        let code = "MissingParameter";
        assert!(matches!(of_gateway(code, 400), Outcome::Refused(_)));
        let nothing = of_gateway("Success", 200);
        assert!(matches!(nothing, Outcome::Unreadable { status: 200 }));
    }
}
