//! What the signatures of Alibaba, Tencent, Huawei and Volcengine share: one
//! canonical form of a request, and the parts of a signature over it.
//!
//! Their schemes differ in the text that is signed, in the key, and in how the
//! result is written; that is in a file of each vendor's own.

use std::fmt::Write as _;

use aws_lc_rs::{digest, hmac};
use chrono::{DateTime, Utc};
use menshen_outbound::{Url, encode};

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct SignedParts<'a> {
    /// The HTTP method, in upper case.
    pub method: &'a str,
    /// The path as the scheme wants it signed.
    pub canonical_uri: &'a str,
    /// The parameters of the query, before any encoding.
    pub query: &'a [(&'a str, &'a str)],
    /// The headers to sign.
    pub headers: &'a [(&'a str, &'a str)],
    /// The hash of the exact body in lower-case hexadecimal digits, or the word
    /// that a scheme puts in its place.
    pub payload: &'a str,
}

/// A signature with the steps that lead to it, which tests and support need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The request in the form that is hashed.
    pub canonical_request: String,
    /// The text that is signed.
    pub string_to_sign: String,
    /// The signature, in lower-case hexadecimal digits.
    pub signature: String,
    /// The value of the `authorization` header.
    pub authorization: String,
}

/// A request in its canonical form, and the names of its signed headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalRequest {
    /// The text that is hashed.
    pub text: String,
    /// The names, as the signature lists them.
    pub signed_headers: String,
}

impl CanonicalRequest {
    /// Brings the parts into it.
    #[must_use]
    pub fn of(parts: &SignedParts<'_>) -> Self {
        let (headers, signed_headers) = canonical_headers(parts.headers);
        let text = format!(
            "{}\n{}\n{}\n{headers}\n{signed_headers}\n{}",
            parts.method,
            parts.canonical_uri,
            canonical_query(parts.query),
            parts.payload,
        );
        Self {
            text,
            signed_headers,
        }
    }

    /// The hash of the canonical form.
    #[must_use]
    pub fn hash(&self) -> String {
        hex_sha256(self.text.as_bytes())
    }
}

/// The parameters as they are signed and may be sent: each encoded, in the order
/// of their names' bytes.
#[must_use]
pub fn canonical_query(query: &[(&str, &str)]) -> String {
    let mut sorted = query.to_vec();
    sorted.sort_unstable();
    let pairs: Vec<String> = sorted
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// Lower-case hexadecimal SHA-256.
#[must_use]
pub fn hex_sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// HMAC-SHA256, whose result may be the key of the next.
#[must_use]
pub fn hmac_sha256(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// UTC in the basic form of ISO 8601, whole seconds: `20260101T000000Z`.
#[must_use]
pub fn basic_date(time: DateTime<Utc>) -> String {
    time.format("%Y%m%dT%H%M%SZ").to_string()
}

/// The `Host` header exactly as it is sent: the port only where it is not the
/// scheme's own.
#[must_use]
pub fn host_header(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// One line per header, and the list of their names. The values of a name that
/// comes twice are sorted and joined.
fn canonical_headers(headers: &[(&str, &str)]) -> (String, String) {
    let mut sorted: Vec<(String, &str)> = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    sorted.sort_unstable();
    let (mut lines, mut names) = (String::new(), Vec::new());
    for group in sorted.chunk_by(|a, b| a.0 == b.0) {
        let values: Vec<&str> = group.iter().map(|(_, value)| *value).collect();
        // Writing to a text cannot fail.
        let _ = writeln!(lines, "{}:{}", group[0].0, values.join(","));
        names.push(group[0].0.as_str());
    }
    let names = names.join(";");
    (lines, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_sorted_by_name_before_they_are_joined() {
        let query = [("a-b", "2"), ("a", "1"), ("A", ""), ("a.b", " ")];
        assert_eq!(canonical_query(&query), "A=&a=1&a-b=2&a.b=%20");
    }

    #[test]
    fn headers_are_lowered_trimmed_sorted_and_joined() {
        let headers = [("X-Acs-B", " 2 "), ("host", "h"), ("x-acs-b", "1")];
        let expected = (
            "host:h\nx-acs-b:1,2\n".to_owned(),
            "host;x-acs-b".to_owned(),
        );
        assert_eq!(canonical_headers(&headers), expected);
    }

    #[test]
    fn the_date_is_the_utc_date() {
        let time = DateTime::from_timestamp(1_772_294_405, 0).unwrap();
        assert_eq!(basic_date(time), "20260228T160005Z");
    }

    #[test]
    fn the_host_carries_a_port_only_where_it_is_sent() {
        for (url, host) in [
            ("https://dysmsapi.aliyuncs.com", "dysmsapi.aliyuncs.com"),
            (
                "https://dysmsapi.aliyuncs.com:443/",
                "dysmsapi.aliyuncs.com",
            ),
            ("http://127.0.0.1:18080/sms/aliyun", "127.0.0.1:18080"),
            ("http://[::1]:80/", "[::1]"),
        ] {
            assert_eq!(host_header(&Url::parse(url).unwrap()), host);
        }
    }
}
