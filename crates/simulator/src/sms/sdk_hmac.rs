//! Huawei Cloud's request signature: SDK-HMAC-SHA256.
//!
//! Source: Huawei Cloud, "API request signing guide".

use super::percent::{canonical_query, encode};
use super::signed::{Authorization, hmac_sha256};
use crate::call::{Call, parse_pairs};
use crate::state::sha256_hex;

const ALGORITHM: &str = "SDK-HMAC-SHA256";
/// Headers without which a signature protects too little.
const MUST_BE_SIGNED: &[&str] = &["host", "x-sdk-date"];
/// Headers that must be signed where they are sent.
const SIGNED_IF_SENT: &[&str] = &["x-sdk-content-sha256"];
/// In place of the hash of a body that is not signed.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Whether the request means to be signed this way.
pub(super) fn is_meant(call: &Call) -> bool {
    Authorization::is_meant(call, ALGORITHM)
}

/// What the request says of its signature, the key in `credential`.
pub(super) fn read(call: &Call) -> Option<Authorization> {
    Authorization::read(call, ALGORITHM, "Access")
        .filter(|authorization| authorization.covers(call, MUST_BE_SIGNED, SIGNED_IF_SENT))
}

/// Whether the holder of `secret` signed this very request for one of `paths`.
pub(super) fn is_made_with(
    secret: &str,
    authorization: &Authorization,
    call: &Call,
    paths: &[&str],
) -> bool {
    let hash = sha256_hex(&call.body);
    let payload = call.header("x-sdk-content-sha256").unwrap_or(&hash);
    if payload != UNSIGNED && payload != hash {
        return false;
    }
    paths.iter().any(|path| {
        let canonical = canonical_request(authorization, call, path, payload);
        let text = string_to_sign(call, &canonical);
        authorization.is_signed_as(&hmac_sha256(secret.as_bytes(), &text))
    })
}

/// The path ends with a slash here, whatever it does on the wire.
fn canonical_request(
    authorization: &Authorization,
    call: &Call,
    path: &str,
    payload: &str,
) -> String {
    let segments: Vec<_> = path.trim_matches('/').split('/').map(encode).collect();
    let uri = format!("/{}/", segments.join("/"));
    let query = canonical_query(&call.query);
    authorization.canonical_request(call, &uri, &query, payload, |_, value| value)
}

fn string_to_sign(call: &Call, canonical_request: &str) -> String {
    format!(
        "{ALGORITHM}\n{}\n{}",
        call.header("x-sdk-date").unwrap_or_default(),
        sha256_hex(canonical_request.as_bytes())
    )
}

/// The `Authorization` of a POST to `url` that is signed with an application's
/// key and secret, its body hashed.
pub(super) fn sign_post(
    (key, secret): (&str, &str),
    url: &str,
    content_type: &str,
    date: &str,
    body: &[u8],
) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let segments: Vec<_> = path.trim_matches('/').split('/').collect();
    let path = match segments.join("/") {
        path if path.is_empty() => "/".to_owned(),
        path => format!("/{path}/"),
    };
    let query = canonical_query(&parse_pairs(query));
    let names = "content-type;host;x-sdk-date";
    let canonical = format!(
        "POST\n{path}\n{query}\ncontent-type:{content_type}\nhost:{host}\nx-sdk-date:{date}\n\n{names}\n{}",
        sha256_hex(body)
    );
    let text = format!("{ALGORITHM}\n{date}\n{}", sha256_hex(canonical.as_bytes()));
    let signature = hex::encode(hmac_sha256(secret.as_bytes(), &text));
    format!("{ALGORITHM} Access={key}, SignedHeaders={names}, Signature={signature}")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::sms::vectors::{call_of, text};

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/huawei.json")).unwrap()
    }

    #[test]
    fn what_the_vendors_own_client_signed_is_accepted() {
        let vectors = vectors();
        let positive = vectors["vectors"].as_array().unwrap();
        assert_eq!(positive.len(), 3);
        for vector in positive {
            let call = call_of(&vector["expected"]);
            let authorization = read(&call).unwrap();
            let hash = sha256_hex(&call.body);
            let payload = call.header("x-sdk-content-sha256").unwrap_or(&hash);
            let canonical = canonical_request(&authorization, &call, &call.path, payload);
            assert_eq!(canonical, text(vector, "/expected/canonical_request"));
            assert_eq!(
                string_to_sign(&call, &canonical),
                text(vector, "/expected/string_to_sign")
            );
            assert_eq!(
                authorization.credential,
                text(vector, "/inputs/access_key_id")
            );
            let secret = text(vector, "/inputs/access_key_secret");
            let made = |secret, path| is_made_with(secret, &authorization, &call, &[path]);
            assert!(made(secret, call.path.as_str()));
            assert!(!made("another secret", call.path.as_str()));
            assert!(!made(secret, "/sms/another/v1"));
        }
    }

    #[test]
    fn what_was_changed_after_signing_is_refused() {
        let vectors = vectors();
        for vector in vectors["negative_vectors"].as_array().unwrap() {
            let call = call_of(&vector["request"]);
            let secret = text(vector, "/server_knows/access_key_secret");
            let made = is_made_with(secret, &read(&call).unwrap(), &call, &[&call.path]);
            let expected = text(vector, "/expect") != "signature_mismatch";
            assert_eq!(made, expected, "{}", vector["id"]);
        }
    }

    #[test]
    fn host_date_and_digest_must_be_signed() {
        let vectors = vectors();
        let all = "content-type;host;user-agent;x-sdk-content-sha256;x-sdk-date";
        for list in [
            "host;x-sdk-content-sha256",
            "x-sdk-content-sha256;x-sdk-date",
            "content-type;host;x-sdk-date",
        ] {
            let mut call = call_of(&vectors["vectors"][0]["expected"]);
            for (_, value) in &mut call.headers {
                *value = value.replace(all, list);
            }
            assert!(read(&call).is_none(), "{list}");
        }
    }
}
