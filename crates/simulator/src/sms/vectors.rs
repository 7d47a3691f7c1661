//! The vendors' test vectors, read as requests.

use serde_json::Value;

use crate::call::{Call, parse_pairs};

/// The string at `pointer`.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}

/// A request of a vector, as it would arrive.
pub(super) fn call_of(request: &Value) -> Call {
    let target = text(request, "/target");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = request["headers"].as_array().unwrap().iter();
    Call {
        method: text(request, "/method").to_owned(),
        path: path.to_owned(),
        query: parse_pairs(query),
        headers: headers
            .map(|pair| (text(pair, "/0").to_owned(), text(pair, "/1").to_owned()))
            .collect(),
        body: text(request, "/body_utf8").as_bytes().to_vec(),
        ..Call::default()
    }
}
