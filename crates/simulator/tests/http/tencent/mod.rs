//! Tencent Cloud SMS, by a client of our own, and the vendor's own vectors.

mod answers;
mod vectors;

use menshen_simulator::defaults;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::signing::{canonical_headers, hmac_chain, sha256};
use crate::offline::{Offline, start_of_2026, text};

const PATH: &str = "/sms/tencent";

/// A request before it is signed, at the start of 2026 and so many seconds.
struct Request {
    body: Value,
    seconds: i64,
    action: &'static str,
    version: &'static str,
    region: &'static str,
    secret_id: &'static str,
    secret_key: &'static str,
    scope_date: Option<&'static str>,
    signs_action: bool,
    content_type: &'static str,
    token: Option<&'static str>,
}

/// A right request to one number.
fn request(phone: &str) -> Request {
    Request {
        body: json!({
            "PhoneNumberSet": [phone],
            "SmsSdkAppId": defaults::TENCENT_SDK_APP_ID,
            "TemplateId": defaults::TENCENT_TEMPLATE_ID,
            "SignName": defaults::TENCENT_SIGN_NAME,
            "TemplateParamSet": ["048291"],
        }),
        seconds: 0,
        action: "SendSms",
        version: "2021-01-11",
        region: defaults::TENCENT_REGION,
        secret_id: defaults::TENCENT_SECRET_ID,
        secret_key: defaults::TENCENT_SECRET_KEY,
        scope_date: None,
        signs_action: false,
        content_type: "application/json; charset=utf-8",
        token: None,
    }
}

/// Sends a code.
pub(crate) async fn send_code(offline: &Offline, phone: &str, code: &str) -> Value {
    let sent = request(phone).with("TemplateParamSet", json!([code]));
    sent.send(offline).await
}

/// A right request of a code, with these members in place of its own.
pub(crate) fn prepared(
    offline: &Offline,
    phone: &str,
    members: &[(&'static str, Value)],
) -> RequestBuilder {
    let right = request(phone);
    let changed = members.iter().fold(right, |request, (name, value)| {
        request.with(name, value.clone())
    });
    changed.prepare(offline, PATH)
}

impl Request {
    fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.body[name] = value;
        self
    }

    fn prepare(self, offline: &Offline, path: &str) -> RequestBuilder {
        let at = start_of_2026() + chrono::TimeDelta::seconds(self.seconds);
        let date = at.format("%Y-%m-%d").to_string();
        let date = self.scope_date.unwrap_or(&date);
        let body = self.body.to_string();
        let mut signed = vec![
            ("content-type", self.content_type.to_owned()),
            ("host", offline.address().to_string()),
        ];
        if self.signs_action {
            signed.push(("x-tc-action", self.action.to_ascii_lowercase()));
        }
        let (lines, names) = canonical_headers(&signed);
        let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", sha256(body.as_bytes()));
        let scope = format!("{date}/sms/tc3_request");
        let hash = sha256(canonical.as_bytes());
        let to_sign = format!("TC3-HMAC-SHA256\n{}\n{scope}\n{hash}", at.timestamp());
        let secret = format!("TC3{}", self.secret_key);
        let signature = hmac_chain(&secret, &[date, "sms", "tc3_request", &to_sign]);
        let authorization = format!(
            "TC3-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            self.secret_id,
            hex::encode(signature)
        );
        let mut request = offline
            .client
            .post(offline.url(path))
            .header("authorization", authorization)
            .header("content-type", self.content_type)
            .header("x-tc-timestamp", at.timestamp());
        for (name, value) in [
            ("x-tc-action", Some(self.action)),
            ("x-tc-version", Some(self.version)),
            ("x-tc-region", Some(self.region)),
            ("x-tc-token", self.token),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                request = request.header(name, value);
            }
        }
        request.body(body)
    }

    async fn send_to(self, offline: &Offline, path: &str) -> Value {
        let answer = self.prepare(offline, path).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/json");
        let answer: Value = answer.json().await.expect("JSON");
        let response = answer["Response"].clone();
        assert_eq!(text(&response, "RequestId").len(), 36);
        response
    }

    async fn send(self, offline: &Offline) -> Value {
        self.send_to(offline, PATH).await
    }

    /// The code of the one number.
    async fn status(self, offline: &Offline) -> String {
        let response = self.send(offline).await;
        text(&response["SendStatusSet"][0], "Code")
    }

    /// The code of the refused request.
    async fn error(self, offline: &Offline) -> String {
        let response = self.send(offline).await;
        assert!(response.get("SendStatusSet").is_none());
        text(&response["Error"], "Code")
    }
}
