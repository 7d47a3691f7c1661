//! Alibaba Cloud's signature version 3, ACS3-HMAC-SHA256, as a pure function.
//!
//! Source: Alibaba Cloud, "Request syntax and signature method V3".

use std::fmt::Write as _;

use aws_lc_rs::{digest, hmac};
use chrono::{DateTime, Utc};
use menshen_outbound::encode;
use secrecy::{ExposeSecret as _, SecretString};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct SignedParts<'a> {
    /// The HTTP method, in upper case.
    pub method: &'a str,
    /// The path; `/` for RPC style calls, whatever path an endpoint is put below.
    pub canonical_uri: &'a str,
    /// The parameters, before any encoding.
    pub query: &'a [(&'a str, &'a str)],
    /// The headers to sign: the host, the content type if there is one, and all
    /// that begin with `x-acs-`.
    pub headers: &'a [(&'a str, &'a str)],
    /// The exact body.
    pub body: &'a [u8],
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

/// Signs a request.
#[must_use]
pub fn sign(
    parts: &SignedParts<'_>,
    access_key_id: &str,
    access_key_secret: &SecretString,
) -> Signature {
    let (headers, names) = canonical_headers(parts.headers);
    let canonical_request = format!(
        "{}\n{}\n{}\n{headers}\n{names}\n{}",
        parts.method,
        parts.canonical_uri,
        canonical_query(parts.query),
        hex_sha256(parts.body),
    );
    let string_to_sign = format!("{ALGORITHM}\n{}", hex_sha256(canonical_request.as_bytes()));
    let key = access_key_secret.expose_secret().as_bytes();
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let signature = hex::encode(hmac::sign(&key, string_to_sign.as_bytes()));
    let authorization = format!(
        "{ALGORITHM} Credential={access_key_id},SignedHeaders={names},Signature={signature}"
    );
    Signature {
        canonical_request,
        string_to_sign,
        signature,
        authorization,
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

/// The time as `x-acs-date` writes it: UTC, whole seconds.
#[must_use]
pub fn date(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Lower-case hexadecimal SHA-256, as `x-acs-content-sha256` carries it.
#[must_use]
pub fn hex_sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
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
        assert_eq!(date(time), "2026-02-28T16:00:05Z");
    }
}
