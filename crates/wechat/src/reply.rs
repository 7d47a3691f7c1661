//! Reading an answer of WeChat by its content, whatever its headers claim.
//!
//! `jscode2session` answers JSON as `text/plain`, error codes come as numbers
//! and have come as texts, failures come with HTTP 200, and front proxies answer
//! HTML. None of an answer's text reaches an error: it may hold a session key.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use serde_json::{Map, Value};

/// A JSON object with the error code 0 or none.
///
/// `Debug` shows nothing of it.
pub(crate) struct Reply(Map<String, Value>);

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply(…)")
    }
}

/// A definite "no" of WeChat.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("errcode {errcode}{}{}", shown(" rid ", self.rid.as_ref()), shown(" for address ", self.address.as_ref()))]
pub struct Refusal {
    /// WeChat's error code.
    pub errcode: i64,
    /// WeChat's id of the request, good for a look-up during 7 days.
    pub rid: Option<String>,
    /// The address of ours that is not on the allow-list (40164).
    pub address: Option<IpAddr>,
}

impl Refusal {
    /// The refusal among the causes of an error of the gateway.
    #[must_use]
    pub fn of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |&error| error.source())
            .find_map(<dyn Error>::downcast_ref)
    }
}

fn shown(label: &str, value: Option<&impl fmt::Display>) -> String {
    value.map_or_else(String::new, |value| format!("{label}{value}"))
}

/// An answer that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadReply {
    #[error("HTTP status {0}")]
    Status(u16),
    #[error("an empty body")]
    Empty,
    #[error("a body that is no JSON object in UTF-8")]
    NotAnObject,
    #[error("an errcode that is no number")]
    Errcode,
    #[error("no usable {0}")]
    Field(&'static str),
}

/// Reads an answer: a [`Reply`], a [`Refusal`], or neither.
pub(crate) fn read(status: u16, body: &[u8]) -> Result<Result<Reply, Refusal>, BadReply> {
    if !(200..300).contains(&status) {
        return Err(BadReply::Status(status));
    }
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(BadReply::Empty);
    }
    let object: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| BadReply::NotAnObject)?;
    let errcode = match object.get("errcode") {
        None => 0,
        Some(value) => integer(value).ok_or(BadReply::Errcode)?,
    };
    if errcode == 0 {
        return Ok(Ok(Reply(object)));
    }
    let errmsg = object.get("errmsg").and_then(Value::as_str).unwrap_or("");
    Ok(Err(Refusal {
        errcode,
        rid: rid(errmsg),
        address: address(errmsg),
    }))
}

impl Reply {
    /// A text that is there and not empty.
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, BadReply> {
        text_in(&self.0, name)
    }

    /// A number, or a text of digits.
    pub(crate) fn integer(&self, name: &'static str) -> Result<i64, BadReply> {
        self.0
            .get(name)
            .and_then(integer)
            .ok_or(BadReply::Field(name))
    }

    /// A member that may be left out.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// An object within.
    pub(crate) fn object(&self, name: &'static str) -> Result<&Map<String, Value>, BadReply> {
        object_in(&self.0, name)
    }
}

/// A text in `object` that is not empty.
pub(crate) fn text_in<'a>(
    object: &'a Map<String, Value>,
    name: &'static str,
) -> Result<&'a str, BadReply> {
    match object.get(name).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(BadReply::Field(name)),
    }
}

/// An object in `object`.
pub(crate) fn object_in<'a>(
    object: &'a Map<String, Value>,
    name: &'static str,
) -> Result<&'a Map<String, Value>, BadReply> {
    object
        .get(name)
        .and_then(Value::as_object)
        .ok_or(BadReply::Field(name))
}

/// A whole number, written as one or as a text.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// `rid: 6437cc6f-12345678-12345678` at the end of an error text.
fn rid(errmsg: &str) -> Option<String> {
    let (_, rest) = errmsg.rsplit_once("rid: ")?;
    let rid = rest.split_whitespace().next()?;
    let fits = rid.len() <= 40 && rid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    fits.then(|| rid.to_owned())
}

/// `invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist`.
fn address(errmsg: &str) -> Option<IpAddr> {
    let (_, rest) = errmsg.split_once("invalid ip ")?;
    let word = rest.split([' ', ',']).next()?;
    word.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> Refusal {
        read(200, body.as_bytes()).unwrap().unwrap_err()
    }

    #[test]
    fn success_is_errcode_absent_or_zero_in_any_spelling() {
        for body in [
            r#"{"openid":"o"}"#,
            r#"{"openid":"o","errcode":0}"#,
            r#"{"openid":"o","errcode":"0","more":[1]}"#,
            "\u{feff}{\"openid\":\"o\"}",
            "\n {\"openid\":\"o\"} \n",
        ] {
            let reply = read(200, body.as_bytes()).unwrap().unwrap();
            assert_eq!(reply.text("openid"), Ok("o"), "{body}");
        }
    }

    #[test]
    fn a_refusal_keeps_the_number_and_what_support_needs() {
        let text =
            r#"{"errcode":"40029","errmsg":"invalid code, rid: 6437cc6f-0a1b2c3d-11223344"}"#;
        assert_eq!(
            refusal(text).to_string(),
            "errcode 40029 rid 6437cc6f-0a1b2c3d-11223344"
        );
        let text = r#"{"errcode":40164,"errmsg":"invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 6437cc6f-1-2"}"#;
        assert_eq!(
            refusal(text).to_string(),
            "errcode 40164 rid 6437cc6f-1-2 for address 203.0.113.7"
        );
    }

    #[test]
    fn free_text_of_wechat_is_not_passed_on() {
        let text = r#"{"errcode":40125,"errmsg":"invalid appsecret s3cr3t rid: s3cr3t"}"#;
        assert!(!format!("{:?} {}", refusal(text), refusal(text)).contains("s3cr3t"));
    }

    #[test]
    fn what_makes_no_sense_is_said_without_quoting_it() {
        for (status, body, expected) in [
            (502, "<html>", BadReply::Status(502)),
            (302, "", BadReply::Status(302)),
            (412, "", BadReply::Status(412)),
            (200, "", BadReply::Empty),
            (200, " \r\n", BadReply::Empty),
            (200, "<html>", BadReply::NotAnObject),
            (200, "[]", BadReply::NotAnObject),
            (200, r#"{"openid":"o"#, BadReply::NotAnObject),
            (200, "{\"nickname\":\"a\u{1}b\"}", BadReply::NotAnObject),
            (200, r#"{"errcode":null}"#, BadReply::Errcode),
            (200, r#"{"errcode":"ok"}"#, BadReply::Errcode),
            (200, r#"{"errcode":0.5}"#, BadReply::Errcode),
        ] {
            assert_eq!(
                read(status, body.as_bytes()).unwrap_err(),
                expected,
                "{body}"
            );
        }
        assert_eq!(
            read(200, b"{\"a\":\"\xff\"}").unwrap_err(),
            BadReply::NotAnObject
        );
    }

    proptest::proptest! {
        #[test]
        fn an_answer_of_any_bytes_is_no_panic_and_is_not_quoted(
            status in 100..600_u16,
            errmsg in "[a-zA-Z0-9 :,.-]{0,120}",
            bytes: Vec<u8>,
        ) {
            let _ = read(status, &bytes);
            let body = format!("{{\"errcode\":40125,\"errmsg\":\"s3cr3t {errmsg}\"}}");
            let refusal = read(200, body.as_bytes()).unwrap().unwrap_err();
            let shown = format!("{refusal} {refusal:?}");
            proptest::prop_assert!(!shown.contains("s3cr3t"));
        }
    }
}
