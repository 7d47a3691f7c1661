//! Faults on demand: an upstream that is slow, failing, or answers nonsense.

mod alteration;
mod damage;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::Answer;
use crate::random::Random;

pub(crate) use damage::{BodyDamage, HUGE_BYTES};

/// The longest that an answer is held back, and how long a hanging call is kept.
pub(crate) const LONGEST_HANG: Duration = Duration::from_secs(30);

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
    pub(crate) fn problem(&self) -> Option<&'static str> {
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
    fn fails(&self) -> bool {
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

/// What happens to one call.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// How late the answer is.
    pub(crate) delay: Duration,
    /// How it fails.
    pub(crate) failure: Option<Fault>,
}

/// The faults that are set, one for each target.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<String, Fault>);

impl Faults {
    /// Sets a fault, in place of the one before. A target without its leading
    /// slash is the same.
    pub(crate) fn set(&mut self, fault: Fault) {
        self.0.insert(fault.target.clone(), fault);
    }

    /// Ends the fault of one target, or all; answers how many there were.
    pub(crate) fn clear(&mut self, target: Option<&str>) -> usize {
        let Some(target) = target else {
            return std::mem::take(&mut self.0).len();
        };
        usize::from(self.0.remove(target).is_some())
    }

    pub(crate) fn list(&self) -> Vec<&Fault> {
        self.0.values().collect()
    }

    /// What happens to a call that comes now.
    pub(crate) fn plan(&mut self, target: &str, random: &mut Random) -> Plan {
        let Some(fault) = self.0.get_mut(target) else {
            return Plan::default();
        };
        let delay = Duration::from_millis(fault.latency_ms.unwrap_or(0));
        let fails = fault.fails() && random.chance(fault.fail_rate.unwrap_or(1.0));
        let plan = Plan {
            delay,
            failure: fails.then(|| fault.clone()),
        };
        if (fails || !delay.is_zero())
            && let Some(left) = &mut fault.times
        {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.0.remove(target);
            }
        }
        plan
    }
}

/// Reads a fault, its target put in the form of `targets`.
pub(crate) fn read(value: Value, targets: &[&'static str]) -> Result<Fault, String> {
    let mut fault: Fault = serde_json::from_value(value).map_err(|error| error.to_string())?;
    fault.target = canonical_target(&fault.target, targets)
        .ok_or_else(|| format!("target is one of {}", targets.join(", ")))?;
    if fault.times == Some(0) {
        return Err("times is at least 1".to_owned());
    }
    fault
        .problem()
        .map_or(Ok(fault), |problem| Err(problem.to_owned()))
}

/// The target that is meant, whether or not it begins with a slash.
pub(crate) fn canonical_target(raw: &str, targets: &[&'static str]) -> Option<String> {
    let meant = raw.trim_matches('/');
    targets
        .iter()
        .find(|target| target.trim_start_matches('/') == meant)
        .map(|target| (*target).to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TARGETS: &[&str] = &["/sns/jscode2session", "sms/aliyun"];

    fn set(fault: Value) -> Faults {
        let mut faults = Faults::default();
        faults.set(read(fault, TARGETS).unwrap());
        faults
    }

    #[test]
    fn a_fault_ends_after_its_times() {
        let mut random = Random::new(Some(1));
        let mut faults = set(json!({"target": "sns/jscode2session", "errcode": -1, "times": 2}));
        let mut next = || {
            faults
                .plan("/sns/jscode2session", &mut random)
                .failure
                .is_some()
        };
        assert!(next() && next() && !next());
    }

    #[test]
    fn a_fail_rate_strikes_about_as_often_as_it_says() {
        let mut random = Random::new(Some(1));
        let mut faults = set(json!({"target": "/sms/aliyun/", "fail_rate": 0.25}));
        let failed = (0..2000)
            .filter(|_| faults.plan("sms/aliyun", &mut random).failure.is_some())
            .count();
        assert!((400..600).contains(&failed), "{failed}");
    }

    #[test]
    fn latency_alone_lets_the_call_through() {
        let mut random = Random::new(Some(1));
        let plan =
            set(json!({"target": "sms/aliyun", "latency_ms": 20})).plan("sms/aliyun", &mut random);
        assert_eq!(plan.delay, Duration::from_millis(20));
        assert!(plan.failure.is_none());
    }

    #[test]
    fn a_fault_that_makes_no_sense_is_refused() {
        for fault in [
            json!({"target": "/nowhere"}),
            json!({"target": "sms/aliyun", "fail_rate": 1.5}),
            json!({"target": "sms/aliyun", "http_status": 99}),
            json!({"target": "sms/aliyun", "times": 0}),
            json!({"target": "sms/aliyun", "latncy_ms": 3}),
            json!({"target": "/sns/jscode2session", "errcode": "isv.OUT_OF_SERVICE"}),
        ] {
            assert!(read(fault.clone(), TARGETS).is_err(), "{fault}");
        }
        assert!(
            read(
                json!({"target": "/sns/jscode2session", "errcode": "40029"}),
                TARGETS
            )
            .is_ok()
        );
    }
}
