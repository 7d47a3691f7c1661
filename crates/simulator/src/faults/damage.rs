//! Answers that are wrong in their body.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::Answer;

/// How much padding a huge answer has.
pub(crate) const HUGE_BYTES: usize = 16 * 1024 * 1024;

/// What is wrong with a body. Except for the first two the call takes effect,
/// and its true answer is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BodyDamage {
    /// A front proxy's page; with status 502 unless `http_status` says else.
    Html,
    /// Nothing, with status 200.
    Empty,
    /// The first half.
    Truncated,
    /// Without `openid`.
    MissingOpenid,
    /// `errcode: 0` with an `openid` of no characters.
    EmptyOpenid,
    /// `errcode` as a string, `"0"` where there is none.
    ErrcodeAsString,
    /// Raw control characters inside a JSON string: the nickname, where there is one.
    ControlCharacters,
    /// A string in GBK.
    InvalidUtf8,
    /// A byte-order mark in front.
    ByteOrderMark,
    /// Members that nobody documented.
    ExtraMembers,
    /// No `Content-Type` at all.
    NoContentType,
    /// `text/html; charset=gbk` as the type of the right body.
    WrongContentType,
    /// An array in place of an object.
    Array,
    /// 16 MiB of padding inside the object.
    Huge,
    /// A phone number's `countryCode` as a number.
    CountryCodeAsNumber,
    /// A phone number's watermark of another application.
    ForeignWatermark,
    /// A phone number's watermark of an hour ago.
    StaleWatermark,
}

impl BodyDamage {
    /// Whether there must be a true answer to damage.
    pub(super) fn needs_answer(self) -> bool {
        !matches!(self, Self::Html | Self::Empty)
    }

    /// Damages `answer`.
    pub(crate) fn apply(self, mut answer: Answer) -> Answer {
        match self {
            Self::Html => return Answer::html(502),
            Self::Empty => {
                return Answer {
                    status: 200,
                    ..Answer::empty(200)
                };
            }
            Self::Truncated => answer.body.truncate(answer.body.len() / 2),
            Self::ByteOrderMark => answer.body.splice(..0, *b"\xEF\xBB\xBF").for_each(drop),
            Self::NoContentType => answer.content_type = None,
            Self::WrongContentType => answer.content_type = Some("text/html; charset=gbk"),
            Self::ControlCharacters => put_control_characters(&mut answer.body),
            Self::InvalidUtf8 => replace_end(&mut answer.body, b",\"note\":\"\xd6\xd0\"}"),
            Self::Huge => {}
            Self::Array => {
                answer.body.insert(0, b'[');
                answer.body.push(b']');
            }
            _ => self.change_members(&mut answer),
        }
        answer
    }

    fn change_members(self, answer: &mut Answer) {
        let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
            return;
        };
        let Some(members) = body.as_object_mut() else {
            return;
        };
        match self {
            Self::MissingOpenid => drop(members.remove("openid")),
            Self::EmptyOpenid => {
                members.insert("openid".to_owned(), json!(""));
                members.insert("errcode".to_owned(), json!(0));
            }
            Self::ErrcodeAsString => {
                let code = members
                    .get("errcode")
                    .map_or_else(|| "0".to_owned(), Value::to_string);
                members.insert("errcode".to_owned(), json!(code));
            }
            Self::ExtraMembers => {
                members.insert(
                    "unheard_of".to_owned(),
                    json!({"deep": [1, null, {"er": true}]}),
                );
                members.insert("expires".to_owned(), Value::Null);
            }
            Self::CountryCodeAsNumber => change(&mut body, "/phone_info/countryCode", |code| {
                json!(code.as_str().and_then(|text| text.parse::<u32>().ok()))
            }),
            Self::ForeignWatermark => {
                change(&mut body, "/phone_info/watermark/appid", |_| {
                    json!("wx0000000000000000")
                });
            }
            Self::StaleWatermark => change(&mut body, "/phone_info/watermark/timestamp", |time| {
                json!(time.as_i64().map(|seconds| seconds - 3600))
            }),
            _ => {}
        }
        answer.body = body.to_string().into_bytes();
    }
}

fn change(body: &mut Value, pointer: &str, with: impl FnOnce(&Value) -> Value) {
    if let Some(place) = body.pointer_mut(pointer) {
        *place = with(place);
    }
}

fn put_control_characters(body: &mut Vec<u8>) {
    const NICKNAME: &[u8] = b"\"nickname\":\"";
    let place = body
        .windows(NICKNAME.len())
        .position(|window| window == NICKNAME);
    match place {
        Some(start) => {
            let inside = start + NICKNAME.len();
            body.splice(inside..inside, *b"a\x01b\nc").for_each(drop);
        }
        None => replace_end(body, b",\"note\":\"a\x01b\nc\"}"),
    }
}

fn replace_end(body: &mut Vec<u8>, end: &[u8]) {
    if body.last() == Some(&b'}') {
        body.pop();
        body.extend_from_slice(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn damaged(damage: BodyDamage, body: &Value) -> Answer {
        damage.apply(Answer::json(200, "text/plain", body, "ok"))
    }

    #[test]
    fn an_errcode_becomes_a_string() {
        assert_eq!(
            damaged(BodyDamage::ErrcodeAsString, &json!({"errcode": 40029})).body,
            br#"{"errcode":"40029"}"#
        );
        assert_eq!(
            damaged(BodyDamage::ErrcodeAsString, &json!({})).body,
            br#"{"errcode":"0"}"#
        );
    }

    #[test]
    fn damaged_text_is_no_json() {
        for damage in [
            BodyDamage::Truncated,
            BodyDamage::ControlCharacters,
            BodyDamage::InvalidUtf8,
            BodyDamage::Html,
            BodyDamage::Empty,
        ] {
            let answer = damaged(damage, &json!({"openid": "o1"}));
            assert!(
                serde_json::from_slice::<Value>(&answer.body).is_err(),
                "{damage:?}"
            );
        }
    }

    #[test]
    fn control_characters_are_in_the_nickname() {
        let answer = damaged(
            BodyDamage::ControlCharacters,
            &json!({"nickname": "x", "a": 1}),
        );
        assert_eq!(answer.body, b"{\"a\":1,\"nickname\":\"a\x01b\ncx\"}");
    }

    #[test]
    fn a_phone_answer_can_be_of_another_app_stale_or_numeric() {
        let body = json!({"phone_info": {"countryCode": "86", "watermark": {"appid": "wx1", "timestamp": 7200}}});
        let member = |damage, pointer| {
            let body: Value = serde_json::from_slice(&damaged(damage, &body).body).unwrap();
            body.pointer(pointer).cloned().unwrap()
        };
        assert_eq!(
            member(BodyDamage::CountryCodeAsNumber, "/phone_info/countryCode"),
            86
        );
        assert_eq!(
            member(
                BodyDamage::StaleWatermark,
                "/phone_info/watermark/timestamp"
            ),
            3600
        );
        assert_eq!(
            member(BodyDamage::ForeignWatermark, "/phone_info/watermark/appid"),
            "wx0000000000000000"
        );
    }
}
