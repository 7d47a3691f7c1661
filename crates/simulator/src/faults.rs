//! Faults on demand: an upstream that is slow, failing, or answers nonsense.

mod alteration;
mod damage;
mod fault;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::random::Random;

pub(crate) use damage::{BodyDamage, HUGE_BYTES};
pub(crate) use fault::{ErrorCode, Fault};

/// The longest that an answer is held back, and how long a hanging call is kept.
pub(crate) const LONGEST_HANG: Duration = Duration::from_secs(30);

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
