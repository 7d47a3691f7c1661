//! One delivery: what is put into the query and the body.

use aws_lc_rs::error::Unspecified;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cipher::{EncodingKey, sign};
use super::event::{Event, Format, xml};
use crate::outgoing::{LoopbackUrl, Outgoing};
use crate::random::Random;

/// How messages are protected, as the console offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Encrypted.
    #[default]
    Safe,
    /// Encrypted and in the clear, side by side.
    Compatible,
    /// In the clear.
    Plain,
}

/// Where an application's messages go.
#[derive(Clone)]
pub(crate) struct Subscription {
    pub(crate) url: LoopbackUrl,
    pub(crate) token: String,
    pub(crate) key: EncodingKey,
    pub(crate) mode: Mode,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("url", &self.url)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// What is wrong with a delivery of somebody who is not `WeChat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Forgery {
    /// A `msg_signature` made with another token.
    Signature,
    /// No `msg_signature`, but a right `signature`.
    NoSignature,
    /// A message changed after it was signed.
    Body,
    /// Encrypted with another key, and signed.
    Key,
    /// For another application, and signed.
    AppId,
}

/// What is unusual about a delivery.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Variation {
    pub(crate) format: Format,
    pub(crate) forgery: Option<Forgery>,
    /// How old its timestamp is, in seconds.
    pub(crate) age: i64,
}

impl Subscription {
    /// The request that delivers `event` at `now`, in Unix seconds.
    pub(crate) fn deliver(
        &self,
        event: &Event,
        variation: Variation,
        now: i64,
        random: &mut Random,
    ) -> Result<Outgoing, Unspecified> {
        let timestamp = now.saturating_sub(variation.age).to_string();
        let nonce = random.digits(9);
        let clear = event.write(variation.format);
        let signature = sign(&[&self.token, &timestamp, &nonce]);
        let mut query = vec![
            ("signature", signature.as_str()),
            ("timestamp", &timestamp),
            ("nonce", &nonce),
            ("openid", &event.openid),
        ];
        if self.mode == Mode::Plain {
            return Ok(self.post(&query, clear));
        }
        let key = match variation.forgery {
            Some(Forgery::Key) => self.key.wrong(),
            _ => self.key.clone(),
        };
        let app_id = match variation.forgery {
            Some(Forgery::AppId) => "wx0000000000000000",
            _ => event.app_id.as_str(),
        };
        let mut encrypted = key.encrypt(random.block(), clear.as_bytes(), app_id)?;
        let token = match variation.forgery {
            Some(Forgery::Signature) => "somebody else's",
            _ => self.token.as_str(),
        };
        let msg_signature = sign(&[token, &timestamp, &nonce, &encrypted]);
        query.push(("encrypt_type", "aes"));
        match variation.forgery {
            Some(Forgery::NoSignature) => {}
            Some(Forgery::Body) => {
                encrypted = key.encrypt(random.block(), clear.as_bytes(), app_id)?;
                query.push(("msg_signature", &msg_signature));
            }
            _ => query.push(("msg_signature", &msg_signature)),
        }
        Ok(self.post(
            &query,
            self.envelope(event, &clear, &encrypted, variation.format),
        ))
    }

    fn envelope(&self, event: &Event, clear: &str, encrypted: &str, format: Format) -> String {
        let beside = (self.mode == Mode::Compatible).then_some(clear);
        match format {
            Format::Json => {
                let mut members = beside
                    .and_then(|clear| serde_json::from_str::<Value>(clear).ok())
                    .unwrap_or_else(|| json!({"ToUserName": event.recipient()}));
                members["Encrypt"] = json!(encrypted);
                members.to_string()
            }
            Format::Xml => match beside.and_then(|clear| clear.strip_suffix("</xml>")) {
                Some(open) => format!("{open}<Encrypt><![CDATA[{encrypted}]]></Encrypt>\n</xml>"),
                None => xml([
                    ("ToUserName".to_owned(), json!(event.recipient())),
                    ("Encrypt".to_owned(), json!(encrypted)),
                ]
                .into_iter()),
            },
        }
    }

    /// JSON too is labelled as XML, as the real one does.
    fn post(&self, query: &[(&str, &str)], body: String) -> Outgoing {
        Outgoing {
            method: Method::POST,
            url: self.url.with_query(query),
            headers: vec![
                ("content-type", "text/xml".to_owned()),
                ("user-agent", "Mozilla/4.0".to_owned()),
            ],
            body: body.into_bytes(),
        }
    }
}

/// The console's check of an address, and the text that must come back.
pub(crate) fn url_check(
    url: &LoopbackUrl,
    token: &str,
    now: i64,
    random: &mut Random,
) -> (Outgoing, String) {
    let (timestamp, nonce, echo) = (now.to_string(), random.digits(10), random.digits(19));
    let query = [
        ("signature", sign(&[token, &timestamp, &nonce])),
        ("echostr", echo.clone()),
        ("timestamp", timestamp),
        ("nonce", nonce),
    ];
    let query: Vec<_> = query
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let check = Outgoing {
        method: Method::GET,
        url: url.with_query(&query),
        headers: vec![("user-agent", "Mozilla/4.0".to_owned())],
        body: Vec::new(),
    };
    (check, echo)
}
