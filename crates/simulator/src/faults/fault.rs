//! One fault, as it is asked for.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::alteration;
use super::damage::BodyDamage;
use crate::call::Answer;

/// More members than this are not changed by one fault.
const MOST_MEMBERS: usize = 32;

/// A fault of one vendor call, as `PUT /control/faults` takes it.
///
/// `latency_ms` alone lets the call through: what it asks for happens, and the
/// answer comes late. Any other member makes the call fail. Without `consume`
/// (and `reset: "after"`, and a damaged `body`) a failing call does nothing: no
/// code is spent and no message sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// A path of the `WeChat` API, or `sms/<vendor>`.
    pub(crate) target: String,
    /// How late the answer comes, at most 120 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) latency_ms: Option<u64>,
    /// Which part of the calls fails, of 0 to 1; all of them when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fail_rate: Option<f64>,
    /// The vendor's error code to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) errcode: Option<ErrorCode>,
    /// The words beside the error code, in place of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// The HTTP status; alone, with a front proxy's HTML page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) http_status: Option<u16>,
    /// After how many calls it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u32>,
    /// What is wrong with the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<BodyDamage>,
    /// Members of the true answer that are not there: names, or JSON pointers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) without: Vec<String>,
    /// Members of the true answer that are other ones: names, or JSON pointers.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) members: Map<String, Value>,
    /// No answer at all: closed after 30 s.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) hang: bool,
    /// The connection is closed without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reset: Option<Reset>,
    /// 302 to `/redirected` of this host.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) redirect: bool,
    /// The call takes effect before it fails.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) consume: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// A vendor's error code: a number of `WeChat`, a word of an SMS vendor.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum ErrorCode {
    Number(i64),
    Word(String),
}

impl ErrorCode {
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Word(word) => word.clone(),
        }
    }
}

/// When a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reset {
    /// Before the call takes effect.
    Before,
    /// After it took effect.
    After,
}

impl Fault {
    /// What is wrong with the fault itself.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let is_wechat = self.target.starts_with('/');
        if self
            .fail_rate
            .is_some_and(|rate| !(0.0..=1.0).contains(&rate))
        {
            Some("fail_rate is of 0 to 1")
        } else if self.latency_ms.is_some_and(|latency| latency > 120_000) {
            Some("latency_ms is at most 120000")
        } else if self.without.len() + self.members.len() > MOST_MEMBERS {
            Some("without and members are at most 32")
        } else if self
            .message
            .as_ref()
            .is_some_and(|message| message.len() > 1000)
        {
            Some("message is at most 1000 bytes")
        } else if self
            .http_status
            .is_some_and(|status| !(200..=599).contains(&status))
        {
            Some("http_status is of 200 to 599")
        } else if is_wechat
            && self
                .errcode
                .as_ref()
                .is_some_and(|code| code.word().parse::<i64>().is_err())
        {
            Some("errcode of WeChat is a number")
        } else {
            None
        }
    }

    /// Whether calls fail, rather than come late.
    pub(super) fn fails(&self) -> bool {
        self.fail_rate.is_some()
            || self.errcode.is_some()
            || self.http_status.is_some()
            || self.body.is_some()
            || self.changes_truth()
            || self.reset.is_some()
            || self.hang
            || self.redirect
    }

    /// Whether the call takes effect all the same.
    pub(crate) fn takes_effect(&self) -> bool {
        let shows_truth = self.body.is_some_and(BodyDamage::needs_answer) || self.changes_truth();
        self.consume || self.reset == Some(Reset::After) || shows_truth && self.errcode.is_none()
    }

    /// Changes the members of a JSON answer as it is said.
    pub(crate) fn change_truth(&self, mut answer: Answer) -> Answer {
        if self.changes_truth() {
            alteration::alter(&mut answer.body, &self.without, &self.members);
        }
        answer
    }

    /// Whether members of the answer differ.
    pub(crate) fn changes_truth(&self) -> bool {
        !self.without.is_empty() || !self.members.is_empty()
    }
}
