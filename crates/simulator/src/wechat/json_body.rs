//! The JSON body of a POST call.

use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::call::Call;

/// The JSON object that a POST call takes: 44002 without a body, 47001 for
/// anything but an object.
pub(super) fn read(call: &Call) -> Result<Map<String, Value>, Refusal> {
    if call.body.is_empty() {
        return Err(Refusal::new(44002));
    }
    serde_json::from_slice(&call.body).map_err(|_| Refusal::new(47001))
}

/// A member that is a string, and not an empty one.
pub(super) fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name)
        .and_then(Value::as_str)
        .filter(|value| !value.is_empty())
}
