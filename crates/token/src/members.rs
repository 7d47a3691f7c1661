//! JSON objects read strictly.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

/// The largest integer that every JSON reader keeps exactly.
const MAX_EXACT: u64 = 1 << 53;

/// The members of a JSON object, none of them twice.
///
/// A plain map would keep the last of two members with one name, where another
/// reader keeps the first.
pub(crate) struct Members(BTreeMap<String, Value>);

impl Members {
    /// Reads a part of a token: base64url without padding and spare bits.
    pub(crate) fn decode(part: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice(&json).ok()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A member that is a whole number from 0 to 2⁵³; `1.0` and `1e3` are none.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        let number = self.0.get(name)?.as_u64()?;
        if number > MAX_EXACT {
            return None;
        }
        i64::try_from(number).ok()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Members(members))
    }
}
