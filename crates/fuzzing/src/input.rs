//! Taking an input apart.

use chrono::{DateTime, Utc};

/// The first line, and what follows it.
pub(crate) fn line(data: &[u8]) -> Option<(&str, &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    let first = std::str::from_utf8(&data[..end]).ok()?;
    Some((first, &data[end + 1..]))
}

/// `Name: value` lines up to an empty one, and what follows it.
pub(crate) fn headers(mut data: &[u8]) -> (Vec<(&str, &str)>, &[u8]) {
    let mut headers = Vec::new();
    while let Some((first, rest)) = line(data) {
        data = rest;
        let Some(header) = first.split_once(": ") else {
            break;
        };
        headers.push(header);
    }
    (headers, data)
}

/// The time of all targets, that of the vectors of the tests.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default()
}
