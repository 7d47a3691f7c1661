//! Times as Huawei Cloud and Volcengine write them in headers.

use chrono::{DateTime, NaiveDateTime, Utc};

const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// Reads `20260101T000000Z`, exactly: ISO 8601 basic, in UTC.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let time = NaiveDateTime::parse_from_str(text, FORMAT).ok()?.and_utc();
    (time.format(FORMAT).to_string() == text).then_some(time)
}

/// Writes it so.
pub(super) fn format(at: DateTime<Utc>) -> String {
    at.format(FORMAT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_of_one_form() {
        assert_eq!(
            parse("20260101T000000Z").unwrap().timestamp(),
            1_767_225_600
        );
        for wrong in [
            "",
            "20260101T000000",
            "2026-01-01T00:00:00Z",
            "20260101000000Z",
            "1767225600",
            "20261301T000000Z",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
