//! The `rid` of each refusal, and what it was about.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::random::Random;

/// More refusals than this are not remembered: the oldest go first.
const MOST_REFUSALS: usize = 5_000;
/// How long a refusal can be looked up.
const KEPT: TimeDelta = TimeDelta::days(7);

/// A refused call, without the values that it carried.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    /// Whose call it was, as far as that was known.
    pub(crate) app_id: Option<String>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) url: String,
    pub(crate) body: String,
    pub(crate) answer: String,
    pub(crate) client_ip: String,
}

impl Refused {
    /// Keeps the names that `call` carried.
    pub(crate) fn new(
        call: &Call,
        app_id: Option<String>,
        answer: &Value,
        now: DateTime<Utc>,
    ) -> Self {
        let names = call.query.iter().take(32);
        let query: Vec<_> = names
            .map(|(name, _)| format!("{}=***", bounded(name)))
            .collect();
        let members = match serde_json::from_slice(&call.body) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let members = members.keys().take(32);
        let body: Map<_, _> = members.map(|name| (bounded(name), json!("***"))).collect();
        Self {
            app_id,
            at: now,
            url: format!("{}?{}", bounded(&call.path), query.join("&")),
            body: Value::Object(body).to_string(),
            answer: answer.to_string(),
            client_ip: call.peer.map(|peer| peer.to_string()).unwrap_or_default(),
        }
    }
}

fn bounded(name: &str) -> String {
    name.chars().take(64).collect()
}

/// A new one: the Unix second in hex, and two random groups.
pub(crate) fn request_id(now: DateTime<Utc>, random: &mut Random) -> String {
    format!(
        "{:08x}-{}-{}",
        now.timestamp(),
        random.hex(4),
        random.hex(4)
    )
}

/// The refusals that can be looked up.
#[derive(Debug, Default)]
pub(crate) struct RequestIds {
    by_id: HashMap<String, Refused>,
    oldest_first: VecDeque<String>,
}

impl RequestIds {
    pub(crate) fn remember(&mut self, id: String, refused: Refused) {
        if self.oldest_first.len() >= MOST_REFUSALS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.oldest_first.push_back(id.clone());
        self.by_id.insert(id, refused);
    }

    /// The refusal, or why not: 76002 (no rid by its form), 76004 (too old),
    /// 76001 (unknown), 76003 (of another application).
    pub(crate) fn find(&self, app_id: &str, id: &str, now: DateTime<Utc>) -> Result<&Refused, i64> {
        let second = second_of(id).ok_or(76002)?;
        let at = DateTime::from_timestamp(second, 0).ok_or(76002)?;
        if now - at >= KEPT {
            return Err(76004);
        }
        let refused = self.by_id.get(id).ok_or(76001)?;
        match &refused.app_id {
            Some(owner) if owner == app_id => Ok(refused),
            _ => Err(76003),
        }
    }
}

fn second_of(id: &str) -> Option<i64> {
    let groups: Vec<_> = id.split('-').collect();
    let is_group = |group: &&str| {
        group.len() == 8
            && group
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    if groups.len() != 3 || !groups.iter().all(is_group) {
        return None;
    }
    i64::from_str_radix(groups[0], 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rid_begins_with_the_second_in_hex() {
        let now = DateTime::from_timestamp(0x6437_cc6f, 0).unwrap();
        let id = request_id(now, &mut Random::new(Some(1)));
        assert!(id.starts_with("6437cc6f-"), "{id}");
        assert_eq!(second_of(&id), Some(0x6437_cc6f));
    }

    #[test]
    fn a_refusal_is_for_its_application_and_for_a_week() {
        let now = DateTime::from_timestamp(0x6437_cc6f, 0).unwrap();
        let mut ids = RequestIds::default();
        let mut random = Random::new(Some(1));
        let id = request_id(now, &mut random);
        let refused = Refused::new(&Call::default(), Some("wx".to_owned()), &json!({}), now);
        ids.remember(id.clone(), refused);
        let find = |app_id: &str, id: &str, seconds| {
            let later = now + TimeDelta::seconds(seconds);
            ids.find(app_id, id, later).map(|_| ()).unwrap_err()
        };
        assert!(ids.find("wx", &id, now).is_ok());
        assert_eq!(find("other", &id, 0), 76003);
        assert_eq!(find("wx", &request_id(now, &mut random), 0), 76001);
        assert_eq!(find("wx", &id, 7 * 86_400), 76004);
        for bad in [
            "",
            "x",
            "6437CC6F-00000000-00000000",
            "6437cc6f-0-0",
            &"-".repeat(9),
        ] {
            assert_eq!(find("wx", bad, 0), 76002, "{bad}");
        }
    }
}
